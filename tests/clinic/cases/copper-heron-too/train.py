# Ambulance response times: predict the 10/50/90 % band for a call.
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    quantiles: tuple = (0.1, 0.5, 0.9)
    hidden: int = 64
    batch_size: int = 64
    epochs: int = 15
    lr: float = 2e-3
    seed: int = 11


def simulate_calls(n, rng):
    dist = rng.gamma(2.0, 2.0, n)
    hour = rng.uniform(0, 24, n)
    rain = (rng.rand(n) < 0.25).astype(float)
    crews = rng.randint(1, 7, n)
    rush = np.exp(-((hour - 8) / 1.5) ** 2) + np.exp(-((hour - 17.5) / 2) ** 2)
    speed = 0.9 - 0.35 * rush - 0.15 * rain
    mean = 2.0 + dist / speed + 4.0 / crews
    spread = 0.4 + 0.12 * dist + 1.2 * rush
    minutes = mean + spread * rng.standard_t(6, n)
    x = np.stack([dist, np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12),
                  np.sin(hour * np.pi / 6), np.cos(hour * np.pi / 6), rain, crews], 1)
    return x.astype("float32"), minutes.astype("float32")


class BandNet(nn.Module):
    def __init__(self, n_in, cfg):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, cfg.hidden), nn.ReLU(),
                                   nn.Linear(cfg.hidden, cfg.hidden), nn.ReLU())
        self.low = nn.Linear(cfg.hidden, 1)
        self.gaps = nn.Linear(cfg.hidden, len(cfg.quantiles) - 1)

    def forward(self, x):
        h = self.trunk(x)
        low = self.low(h)
        gaps = nn.functional.softplus(self.gaps(h))
        return torch.cat([low, low + gaps.cumsum(1)], dim=1)


class PinballLoss(nn.Module):
    def __init__(self, quantiles):
        super().__init__()
        self.quantiles = quantiles

    def forward(self, pred, y):
        total = 0.0
        for q, column in zip(self.quantiles, pred.split(1, dim=1)):
            err = y - column
            total = total + torch.maximum(q * err, (q - 1) * err).mean()
        return total / len(self.quantiles)


@torch.no_grad()
def report(model, x, y):
    model.eval()
    band = model(x).numpy()
    y = y.numpy()
    inside = ((y > band[:, 0]) & (y < band[:, 2])).mean()
    mae = np.abs(y - band[:, 1]).mean()
    width = (band[:, 2] - band[:, 0]).mean()
    return mae, inside, width


def main(cfg=Settings()):
    torch.manual_seed(cfg.seed)
    rng = np.random.RandomState(cfg.seed)
    x_tr, y_tr = simulate_calls(3000, rng)
    x_te, y_te = simulate_calls(1000, rng)
    mu, sd = x_tr.mean(0), x_tr.std(0)
    x_tr, x_te = (x_tr - mu) / sd, (x_te - mu) / sd
    y_mu, y_sd = y_tr.mean(), y_tr.std()
    y_tr, y_te = (y_tr - y_mu) / y_sd, (y_te - y_mu) / y_sd

    ds = TensorDataset(torch.from_numpy(x_tr), torch.from_numpy(y_tr))
    loader = DataLoader(ds, cfg.batch_size, shuffle=True)
    x_te, y_te = torch.from_numpy(x_te), torch.from_numpy(y_te)

    model = BandNet(x_tr.shape[1], cfg)
    crit = PinballLoss(cfg.quantiles)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-4)
    for epoch in range(1, cfg.epochs + 1):
        model.train()
        losses = []
        for xb, yb in loader:
            opt.zero_grad(set_to_none=True)
            loss = crit(model(xb), yb)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        mae, inside, width = report(model, x_te, y_te)
        print(f"[{epoch:02d}] pinball {np.mean(losses):.4f} | test: median MAE {mae * y_sd:.2f} min, "
              f"{100 * inside:.1f}% in band, band width {width * y_sd:.2f} min")
    print(f"spread of predicted medians: {model(x_te)[:, 1].std().item() * y_sd:.2f} min "
          f"(calls themselves: {y_te.std().item() * y_sd:.2f} min)")


if __name__ == "__main__":
    main()
