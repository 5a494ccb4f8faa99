"""Readmission within 30 days."""
import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn


class StandardScaler:
    def fit(self, x):
        self.mean_, self.scale_ = x.mean(0), x.std(0)
        return self

    def transform(self, x):
        return (x - self.mean_) / self.scale_


def read(path):
    with open(path, newline="") as f:
        head, *rows = csv.reader(f)
    table = np.array(rows, dtype=np.float64)
    return table[:, :-1], table[:, -1]


def auc(score, label):
    rank = score.argsort().argsort().double() + 1
    pos = label.sum()
    return ((rank[label > 0].sum() - pos * (pos + 1) / 2) / (pos * (len(label) - pos))).item()


if __name__ == "__main__":
    torch.manual_seed(5)
    X, y = read(Path(__file__).resolve().parent / "visits.csv")
    perm = np.random.default_rng(1).permutation(len(X))
    fit_rows, test_rows = perm[:1200], perm[1200:]
    scaler = StandardScaler().fit(X[fit_rows])
    to_tensor = lambda a: torch.tensor(a, dtype=torch.float32)
    x, t = to_tensor(scaler.transform(X[fit_rows])), to_tensor(y[fit_rows])
    xv, tv = to_tensor(scaler.transform(X[test_rows])), to_tensor(y[test_rows])
    net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(10):
        for rows in torch.randperm(len(x)).chunk(24):
            loss = bce(net(x[rows])[:, 0], t[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            out = net(xv)[:, 0]
        print(f"epoch {epoch + 1:2d}  bce {bce(out, tv).item():.3f}  auc {auc(out, tv):.3f}")
    print(f"test loss {bce(out, tv).item():.3f}, AUC {auc(out, tv):.3f}")
