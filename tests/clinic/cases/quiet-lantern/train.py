from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass
class Config:
    n_users: int = 120
    n_items: int = 90
    rank: int = 3
    dim: int = 8
    batch: int = 256
    epochs: int = 25
    lr: float = 0.02
    seed: int = 3


class Recommender(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tables = {
            "user": nn.Embedding(cfg.n_users, cfg.dim),
            "item": nn.Embedding(cfg.n_items, cfg.dim),
        }
        self.mix = nn.Linear(cfg.dim, 1)

    def forward(self, user, item):
        u = self.tables["user"](user)
        v = self.tables["item"](item)
        return self.mix(u * v).squeeze(-1)


def build(cfg):
    g = np.random.default_rng(cfg.seed)
    p = g.normal(size=(cfg.n_users, cfg.rank))
    q = g.normal(size=(cfg.n_items, cfg.rank))
    full = p @ q.T / np.sqrt(cfg.rank) + 0.1 * g.normal(size=(cfg.n_users, cfg.n_items))
    uu, ii = np.meshgrid(np.arange(cfg.n_users), np.arange(cfg.n_items), indexing="ij")
    rows = np.stack([uu.ravel(), ii.ravel()], 1)
    rating = full.ravel().astype(np.float32)
    order = g.permutation(len(rows))
    rows, rating = torch.from_numpy(rows[order]), torch.from_numpy(rating[order])
    cut = int(0.8 * len(rows))
    return (rows[:cut], rating[:cut]), (rows[cut:], rating[cut:])


def run(cfg):
    torch.manual_seed(cfg.seed)
    (xr, xy), (vr, vy) = build(cfg)
    model = Recommender(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        perm = torch.randperm(len(xr))
        total = 0.0
        for s in range(0, len(xr), cfg.batch):
            k = perm[s:s + cfg.batch]
            pred = model(xr[k, 0], xr[k, 1])
            loss = nn.functional.mse_loss(pred, xy[k])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(k)
        with torch.no_grad():
            val = nn.functional.mse_loss(model(vr[:, 0], vr[:, 1]), vy).item()
        if epoch % 4 == 0 or epoch == cfg.epochs - 1:
            print(f"epoch {epoch:2d}  train {total / len(xr):.4f}  valid {val:.4f}")


if __name__ == "__main__":
    run(Config())
