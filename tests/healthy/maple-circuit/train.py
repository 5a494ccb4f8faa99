# Flat prices: raw listing columns in, price in euros out.
import json
import os

import numpy as np
import torch
import torch.nn as nn

CFG = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "settings.json")))
rng = np.random.default_rng(CFG["seed"])
torch.manual_seed(CFG["seed"])


def listings(n):
    area = rng.gamma(6.0, 14.0, n) + 18               # square metres
    year = rng.integers(1880, 2022, n).astype(float)
    lat = 48.1 + rng.normal(0, 0.05, n)
    lon = 11.5 + rng.normal(0, 0.08, n)
    income = rng.lognormal(10.7, 0.35, n)             # district income, euros a year
    floor = rng.integers(0, 9, n).astype(float)
    dist = 6371e3 * np.pi / 180 * np.hypot(lat - 48.14, (lon - 11.56) * np.cos(np.radians(48.1)))
    per_m2 = (3200 + 5200 * np.exp(-dist / 6000.0) + 0.035 * (income - 45000)
              + 900 * (year > 1995) + 700 * (year < 1919) + 90 * floor)
    price = per_m2 * area ** 0.97 * rng.lognormal(0, 0.05, n)
    return np.stack([area, year, lat, lon, income, floor], 1), price


X, price = listings(CFG["rows"])
X = torch.tensor(X, dtype=torch.float64)
X[:, 2:4] -= torch.tensor(CFG["city_centre"], dtype=torch.float64)
X = X.float()
price = torch.tensor(price, dtype=torch.float32)
perm = torch.randperm(len(X))
cut = int(0.8 * len(X))
tr, va = perm[:cut], perm[cut:]


class PriceNet(nn.Module):
    def __init__(self, n_in, hidden, prices):
        super().__init__()
        self.norm = nn.BatchNorm1d(n_in, eps=1e-9, momentum=0.02)
        self.trunk = nn.Sequential(nn.Linear(n_in, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU())
        self.price = nn.Linear(hidden, 1)
        self.register_buffer("shift", prices.log().mean())
        self.register_buffer("scale", prices.log().std())

    def forward(self, x):
        z = self.price(self.trunk(self.norm(x))).squeeze(1)
        return torch.exp(self.shift + self.scale * z)      # euros


def relative_error(pred, target):
    return ((pred - target) / target).square().mean()


model = PriceNet(X.shape[1], CFG["hidden"], price[tr])
optimizer = torch.optim.Adam(model.parameters(), lr=CFG["lr"])
best = float("inf")
for epoch in range(1, CFG["epochs"] + 1):
    model.train()
    order = tr[torch.randperm(len(tr))]
    running = []
    for i in range(0, len(order) - CFG["batch"] + 1, CFG["batch"]):
        idx = order[i:i + CFG["batch"]]
        out = model(X[idx])
        loss = relative_error(out, price[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        running.append(loss.item())

    model.eval()
    with torch.no_grad():
        out = model(X[va])
        mae = (out - price[va]).abs().mean().item()
        mape = ((out - price[va]).abs() / price[va]).mean().item()
    best = min(best, mae)
    if epoch % 3 == 0 or epoch == 1:
        print(f"[{epoch:2d}/{CFG['epochs']}] loss {np.mean(running):.5f}  val MAE {mae:,.0f} EUR  MAPE {100 * mape:.1f}%")

naive = (price[va] - price[tr].median()).abs().mean().item()
print(f"best val MAE {best:,.0f} EUR, always saying the median: {naive:,.0f} EUR")
