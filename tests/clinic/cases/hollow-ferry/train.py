import csv
from pathlib import Path

import numpy as np
import torch

DIR = Path(__file__).resolve().parent
TARGET = "demand_kwh"


def read(name):
    with open(DIR / name, newline="") as f:
        rows = list(csv.DictReader(f))
    cols = [c for c in rows[0] if c not in ("site", TARGET)]
    x = np.array([[float(r[c]) for c in cols] for r in rows], dtype=np.float32)
    y = np.array([float(r[TARGET]) for r in rows], dtype=np.float32)
    return torch.from_numpy(x), torch.from_numpy(y)


def scaler(t):
    m, s = t.mean(0), t.std(0)
    return (lambda v: (v - m) / s), (lambda v: v * s + m)


def batches(n, size, gen):
    while True:
        yield from torch.randperm(n, generator=gen)[: n // size * size].view(-1, size)


def r2(pred, truth):
    return 1 - ((pred - truth) ** 2).mean().item() / truth.var(unbiased=False).item()


def run(steps=600, size=256):
    torch.manual_seed(0)
    xtr, ytr = read("winter_train.csv")
    xva, yva = read("winter_valid.csv")
    fx, _ = scaler(xtr)
    fy, inv = scaler(ytr)
    xtr, xva, ytr_n = fx(xtr), fx(xva), fy(ytr)
    layers, width = [], xtr.shape[1]
    for h in (192, 192, 96):
        layers += [torch.nn.Linear(width, h), torch.nn.SiLU()]
        width = h
    net = torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    for step, idx in zip(range(steps), batches(len(xtr), size, torch.Generator().manual_seed(1))):
        loss = torch.nn.functional.mse_loss(net(xtr[idx]).squeeze(1), ytr_n[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if (step + 1) % 100 == 0:
            with torch.no_grad():
                print(f"{step + 1} mse {loss.item():.4f} "
                      f"train r2 {r2(inv(net(xtr).squeeze(1)), ytr):.3f} "
                      f"valid r2 {r2(inv(net(xva).squeeze(1)), yva):.3f}")


run()
