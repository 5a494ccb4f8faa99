"""Remaining capacity of lithium cells from their cycling conditions."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

HERE = Path(__file__).resolve().parent
COLUMNS = ["temp_c", "c_rate", "v_min", "v_max", "cycles", "rest_frac", "res_a", "res_b"]


@dataclass
class Config:
    hidden: int = 48
    batch: int = 64
    epochs: int = 40
    lr: float = 2e-3
    holdout: int = 320
    seed: int = 5


def load(cfg):
    x = np.load(HERE / "cells.npz")["conditions"].astype(np.float32)
    y = np.loadtxt(HERE / "capacity.txt", dtype=np.float32)
    assert len(x) == len(y) and x.shape[1] == len(COLUMNS)
    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y).unsqueeze(1))
    g = torch.Generator().manual_seed(cfg.seed)
    return random_split(data, [len(data) - cfg.holdout, cfg.holdout], generator=g)


class CapacityNet(nn.Module):
    def __init__(self, mean, std, y_mean, y_std, hidden):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.register_buffer("y_mean", y_mean)
        self.register_buffer("y_std", y_std)
        self.body = nn.Sequential(
            nn.Linear(len(COLUMNS), hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, x):
        return self.body((x - self.mean) / self.std)

    def capacity(self, x):
        return self(x) * self.y_std + self.y_mean


def r2(model, subset):
    x, y = next(iter(DataLoader(subset, batch_size=len(subset))))
    model.eval()
    with torch.no_grad():
        pred = model.capacity(x)
    return 1 - ((pred - y) ** 2).sum().item() / ((y - y.mean()) ** 2).sum().item()


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train, valid = load(cfg)
    xs, ys = next(iter(DataLoader(train, batch_size=len(train))))
    model = CapacityNet(xs.mean(0), xs.std(0), ys.mean(), ys.std(), cfg.hidden)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-3)
    loader = DataLoader(train, batch_size=cfg.batch, shuffle=True)
    loss_fn = nn.MSELoss()
    for epoch in range(1, cfg.epochs + 1):
        model.train()
        total = 0.0
        for x, y in loader:
            opt.zero_grad()
            loss = loss_fn(model(x), (y - model.y_mean) / model.y_std)
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        if epoch % 5 == 0:
            print(f"epoch {epoch:3d}  train mse {total / len(train):.4f}  valid R2 {r2(model, valid):.3f}")
    print(f"final valid R2 {r2(model, valid):.3f}")


if __name__ == "__main__":
    main()
