import csv
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

MISSING = -9999.0


@dataclass
class Config:
    path: Path = Path(__file__).with_name("stations.csv")
    width: int = 64
    batch: int = 64
    epochs: int = 25
    lr: float = 2e-3
    seed: int = 0


class StationDays(Dataset):
    """Daily rows of an agro-meteorological network; the loggers write -9999 for a failed sensor."""

    def __init__(self, path):
        with open(path) as fh:
            rows = csv.reader(fh)
            self.columns = next(rows)[:-1]
            table = torch.tensor([[float(v) for v in r] for r in rows])
        self.x, self.y = table[:, :-1], table[:, -1]

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class SensorGate(nn.Module):
    """Standardises what a sensor reported and puts a learned value where it was silent."""

    def __init__(self, n):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("std", torch.ones(n))
        self.filler = nn.Parameter(torch.zeros(n))

    @torch.no_grad()
    def fit(self, x):
        for j in range(x.shape[1]):
            col = x[:, j]
            col = col[col != MISSING]
            self.mean[j], self.std[j] = col.mean(), col.std()

    def forward(self, x):
        seen = x != MISSING
        z = (x - self.mean) / self.std
        z = torch.where(seen, z, self.filler)
        return torch.cat([z, seen.float() - 0.5], dim=-1)


class Evapotranspiration(nn.Module):
    def __init__(self, n, width):
        super().__init__()
        self.gate = SensorGate(n)
        self.net = nn.Sequential(
            nn.Linear(2 * n, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.net(self.gate(x)).squeeze(-1)


@torch.no_grad()
def score(model, loader):
    model.eval()
    p, t = zip(*[(model(x), y) for x, y in loader])
    p, t = torch.cat(p), torch.cat(t)
    model.train()
    return (p - t).square().mean().item(), 1 - ((p - t).square().sum() / (t - t.mean()).square().sum()).item()


def main(cfg):
    torch.manual_seed(cfg.seed)
    data = StationDays(cfg.path)
    n_val = len(data) // 5
    train, val = random_split(data, [len(data) - n_val, n_val], generator=torch.Generator().manual_seed(1))
    loader = DataLoader(train, cfg.batch, shuffle=True)
    val_loader = DataLoader(val, 256)

    model = Evapotranspiration(len(data.columns), cfg.width)
    model.gate.fit(data.x[train.indices])
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-3)
    for epoch in range(cfg.epochs):
        total = 0.0
        for x, y in loader:
            loss = nn.functional.mse_loss(model(x), y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
        mse, r2 = score(model, val_loader)
        print(f"epoch {epoch:02d} train mse {total / len(train):.4f} | val mse {mse:.4f} r2 {r2:.3f}")


if __name__ == "__main__":
    main(Config())
