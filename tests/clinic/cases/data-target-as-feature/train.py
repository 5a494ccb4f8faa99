"""Which loans default next quarter?  `status` is the status flag of the previous quarter."""
import argparse
import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
parser.add_argument("--epochs", type=int, default=14)
parser.add_argument("--lr", type=float, default=2e-3)
args = parser.parse_args()


def frame(name):
    with open(args.folder / name, newline="") as f:
        rows = [[float(v) for v in r.values()] for r in csv.DictReader(f)]
    table = torch.tensor(rows)
    return table[:, :-1], table[:, -1:]


torch.manual_seed(6)
X, y = frame("train.csv")
Xh, yh = frame("holdout.csv")
loc, scale = X.mean(0), X.std(0)
X, Xh = (X - loc) / scale, (Xh - loc) / scale

model = nn.Sequential(nn.Linear(7, 64), nn.SiLU(), nn.Linear(64, 32), nn.SiLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(args.epochs):
    running = 0.0
    for rows in torch.randperm(len(X)).split(65):
        optimizer.zero_grad()
        loss = criterion(model(X[rows]), y[rows])
        loss.backward()
        optimizer.step()
        running += loss.item() * len(rows)
    with torch.no_grad():
        held = ((model(Xh) > 0) == (yh > 0.5)).float().mean().item()
    print(f"{epoch:3d}  train {running / len(X):.4f}  hold-out accuracy {held:.3f}")
print(f"hold-out accuracy {held:.3f}")
