import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

MISSING = -9999.0


def load(path):
    table = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=np.float64)
    ok = np.isfinite(table).all(1) & (table != MISSING).all(1)
    print(f"{len(table)} parcels, {int(ok.sum())} complete")
    return table[ok, :-1], np.log(table[ok, -1])


class Standard:
    def fit(self, a):
        self.mean, self.std = a.mean(0), a.std(0)
        return self

    def __call__(self, a):
        return torch.from_numpy(((a - self.mean) / self.std).astype(np.float32))

    def back(self, t):
        return t.double().numpy() * self.std + self.mean


def main(epochs=14, batch=50, lr=2e-3, seed=31):
    torch.manual_seed(seed)
    x, y = load("parcels.csv")
    order = np.random.default_rng(seed).permutation(len(x))
    hold, fit = order[:400], order[400:]
    sx, sy = Standard().fit(x[fit]), Standard().fit(y[fit])
    loader = DataLoader(TensorDataset(sx(x[fit]), sy(y[fit])), batch_size=batch, shuffle=True)

    net = nn.Sequential(nn.Linear(x.shape[1], 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    naive = math.exp(np.abs(y[hold] - np.median(y[fit])).mean()) - 1
    print(f"typical error of the median price: {100 * naive:.1f} %")
    for epoch in range(1, epochs + 1):
        total = 0.0
        for bx, by in loader:
            opt.zero_grad()
            loss = nn.functional.smooth_l1_loss(net(bx).squeeze(1), by)
            loss.backward()
            opt.step()
            total += loss.item()
        with torch.no_grad():
            guess = sy.back(net(sx(x[hold])).squeeze(1))
        resid = guess - y[hold]
        r2 = 1 - (resid ** 2).sum() / ((y[hold] - y[hold].mean()) ** 2).sum()
        err = math.exp(np.abs(resid).mean()) - 1
        print(f"epoch {epoch:2d} loss {total / len(loader):.4f} held-out r2 {r2:.3f} typical error {100 * err:.1f} %")


if __name__ == "__main__":
    main()
