import csv
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

MISSING = -9999.0
FEATURES = ["moisture", "temp", "ec", "ph", "ndvi", "rain"]


class PlotTable:
    def __init__(self, path):
        with open(path) as fh:
            reader = csv.reader(fh)
            self.columns = next(reader)
            self.values = np.array([[float(v) for v in row] for row in reader], dtype=np.float32)

    def arrays(self):
        x = self.values[:, [self.columns.index(c) for c in FEATURES]]
        y = self.values[:, self.columns.index("yield_t")]
        return x, x != MISSING, y, y != MISSING


class Preprocess:
    """Standardises with the observed cells only; a missing cell becomes 0 and raises its flag."""

    def fit(self, x, seen):
        w = seen.astype(np.float32)
        self.mean = (x * w).sum(0) / w.sum(0)
        self.std = np.sqrt((((x - self.mean) * w) ** 2).sum(0) / w.sum(0))
        return self

    def __call__(self, x, seen):
        z = np.where(seen, (x - self.mean) / self.std, 0.0)
        return torch.from_numpy(np.concatenate([z, ~seen], axis=1).astype(np.float32))


def masked_mse(pred, target, ok):
    diff = torch.where(ok, pred - target, torch.zeros_like(pred))
    return (diff ** 2).sum() / ok.sum().clamp(min=1)


def main(seed=8, epochs=36, batch=64, lr=2e-3):
    torch.manual_seed(seed)
    x, seen, y, known = PlotTable(Path(__file__).parent / "plots.csv").arrays()
    _, first = np.unique(x.round(2), axis=0, return_index=True)
    first = np.random.default_rng(seed).permutation(first)
    valid = first[:360]
    keys = {x[i].tobytes() for i in valid}
    train = np.array([i for i in range(len(x)) if x[i].tobytes() not in keys])

    prep = Preprocess().fit(x[train], seen[train])
    centre, spread = y[train][known[train]].mean(), y[train][known[train]].std()
    xt, xv = prep(x[train], seen[train]), prep(x[valid], seen[valid])
    target = torch.from_numpy((y - centre) / spread)
    ok = torch.from_numpy(known)
    yt, kt, yv, kv = target[train], ok[train], target[valid], ok[valid]
    print(f"{len(train)} training plots, {(~kt).sum()} without a yield, {(~seen).mean():.2f} of the cells empty")

    net = nn.Sequential(nn.Linear(2 * len(FEATURES), 40), nn.SiLU(), nn.Linear(40, 20), nn.SiLU(), nn.Linear(20, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=0.02)
    for epoch in range(1, epochs + 1):
        net.train()
        losses = []
        for rows in torch.randperm(len(xt)).split(batch):
            loss = masked_mse(net(xt[rows]).squeeze(1), yt[rows], kt[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        if epoch % 6 == 0:
            net.eval()
            with torch.no_grad():
                mse = masked_mse(net(xv).squeeze(1), yv, kv)
                var = masked_mse(yv[kv].mean().expand_as(yv), yv, kv)
            print(f"epoch {epoch:2d}  train {np.mean(losses):.3f}  valid {mse:.3f}  R2 {1 - mse / var:.3f}")


if __name__ == "__main__":
    main()
