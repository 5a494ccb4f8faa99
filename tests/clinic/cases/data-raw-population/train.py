import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn


def get_args():
    p = argparse.ArgumentParser(description="Median rent of a district from its census columns")
    p.add_argument("--data", default=str(Path(__file__).resolve().parent / "districts.csv"))
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--batch-size", type=int, default=48)
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


class RentModel(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.out = nn.Linear(64, 1)

    def forward(self, x):
        return self.out(self.body(x)).squeeze(-1)


def r2(pred, y):
    return 1 - ((pred - y) ** 2).mean().item() / y.var(unbiased=False).item()


if __name__ == "__main__":
    args = get_args()
    torch.manual_seed(args.seed)
    # the statistics office delivers standardised columns, the rent is the last one
    table = torch.from_numpy(np.loadtxt(args.data, delimiter=",", skiprows=1, dtype=np.float32))
    table = table[torch.randperm(len(table))]
    X, y = table[:, :-1], table[:, -1]
    n = 960
    model = RentModel(X.shape[1])
    optim = torch.optim.Adam(model.parameters(), lr=args.lr)
    mse = nn.MSELoss()
    for epoch in range(1, args.epochs + 1):
        model.train()
        for idx in torch.randperm(n).split(args.batch_size):
            optim.zero_grad()
            loss = mse(model(X[idx]), y[idx])
            loss.backward()
            optim.step()
        model.eval()
        with torch.no_grad():
            score = r2(model(X[n:]), y[n:])
        if epoch % 3 == 0:
            print(f"epoch {epoch:3d} | last batch {loss.item():.4f} | R2 on unseen districts {score:.3f}")
    print(f"R2 on unseen districts {score:.3f}")
