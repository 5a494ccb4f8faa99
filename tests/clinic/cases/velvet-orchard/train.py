import copy
import json
import tempfile
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

from features import SiteScaler, WindowDataset, simulate_fleet

HERE = Path(__file__).resolve().parent


class Encoder(nn.Module):
    def __init__(self, hidden, layers, n_sites, site_dim):
        super().__init__()
        self.site = nn.Embedding(n_sites, site_dim)
        self.gru = nn.GRU(3, hidden, layers, batch_first=True)
        self.mix = nn.Linear(hidden + site_dim, hidden)

    def forward(self, past, site):
        _, h = self.gru(past)
        return torch.tanh(self.mix(torch.cat([h[-1], self.site(site)], dim=1)))


class OutputHead(nn.Module):
    """Power is never negative at the meter, so the last layer is kept positive."""

    def __init__(self, hidden, dropout):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(hidden + 2, hidden), nn.GELU(), nn.Dropout(dropout))
        self.out = nn.Linear(hidden, 1)

    def forward(self, z):
        return F.softplus(self.out(self.body(z))).squeeze(-1)


class SolarForecaster(nn.Module):
    def __init__(self, n_sites, hidden, layers, site_dim, dropout):
        super().__init__()
        self.encoder = Encoder(hidden, layers, n_sites, site_dim)
        self.head = OutputHead(hidden, dropout)

    def forward(self, batch):
        state = self.encoder(batch["past"], batch["site"])
        ahead = batch["ahead"]
        z = torch.cat([state[:, None, :].expand(-1, ahead.size(1), -1), ahead], dim=-1)
        return self.head(z)


def split_series(output, hour, fraction):
    cut = int(output.shape[1] * (1 - fraction))
    scaler = SiteScaler().fit(output[:, :cut])
    scaled = scaler.transform(output)
    return (scaled[:, :cut], hour[:cut]), (scaled[:, cut:], hour[cut:])


class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.bad, self.best, self.weights = patience, 0, float("inf"), None

    def update(self, value, model):
        if value < self.best - 1e-4:
            self.best, self.bad = value, 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    pred, true = [], []
    for batch in loader:
        pred.append(model(batch))
        true.append(batch["target"])
    pred, true = torch.cat(pred), torch.cat(true)
    mse = F.mse_loss(pred, true)
    return dict(mae=F.l1_loss(pred, true).item(), r2=1 - (mse / true.var()).item(), mse=mse.item())


def train_epoch(model, loader, optimizer, cfg):
    model.train()
    running = 0.0
    for batch in loader:
        optimizer.zero_grad()
        loss = F.huber_loss(model(batch), batch["target"], delta=cfg["huber_delta"])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), cfg["clip"])
        optimizer.step()
        running += loss.item()
    return running / len(loader)


def main():
    cfg = json.loads((HERE / "config.json").read_text())
    torch.manual_seed(cfg["seed"])
    d, t = cfg["data"], cfg["train"]
    output, hour = simulate_fleet(d["sites"], d["days"], cfg["seed"])
    train_part, valid_part = split_series(output, hour, d["valid_fraction"])
    train_set = WindowDataset(*train_part, d["history"], d["horizon"], d["stride"])
    valid_set = WindowDataset(*valid_part, d["history"], d["horizon"], d["stride"])
    train_loader = DataLoader(train_set, t["batch_size"], shuffle=True)
    valid_loader = DataLoader(valid_set, 512)
    print(f"{len(train_set)} training windows, {len(valid_set)} validation windows")

    model = SolarForecaster(d["sites"], **cfg["model"])
    optimizer = torch.optim.Adam(model.parameters(), lr=t["lr"])
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
    stopper = EarlyStopping(t["patience"])

    with tempfile.TemporaryDirectory() as run_dir:
        for epoch in range(t["epochs"]):
            loss = train_epoch(model, train_loader, optimizer, t)
            metrics = evaluate(model, valid_loader)
            plateau.step(metrics["mse"])
            print(f"[{epoch:2d}] train huber {loss:.4f} | valid mae {metrics['mae']:.4f} r2 {metrics['r2']:.4f}"
                  f" | lr {optimizer.param_groups[0]['lr']:.1e}")
            if stopper.update(metrics["mse"], model):
                print("no further progress")
                break
            torch.save(dict(model=model.state_dict(), epoch=epoch), Path(run_dir) / "last.pt")
    model.load_state_dict(stopper.weights)
    final = evaluate(model, valid_loader)
    print(f"best weights: valid mae {final['mae']:.4f}  r2 {final['r2']:.4f}")


if __name__ == "__main__":
    main()
