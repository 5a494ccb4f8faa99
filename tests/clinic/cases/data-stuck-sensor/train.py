"""Good or bad charge? Binary classifier on the plant log."""
from pathlib import Path

import numpy as np
import torch
from torch import nn


def batches(n, size, generator):
    perm = torch.randperm(n, generator=generator)
    for i in range(0, n - size + 1, size):
        yield perm[i : i + size]


def build(width=64):
    layers = []
    d = 10
    for _ in range(2):
        layers += [nn.Linear(d, width), nn.LeakyReLU(0.1)]
        d = width
    layers.append(nn.Linear(d, 1))
    return nn.Sequential(*layers)


def evaluate(net, x, y):
    with torch.no_grad():
        logit = net(x).squeeze(1)
    return ((logit > 0).float() == y).float().mean().item()


def run():
    torch.manual_seed(12)
    log = np.load(Path(__file__).resolve().parent / "plant.npz")
    x = torch.as_tensor(log["sensors"])
    y = torch.as_tensor(log["verdict"]).float()
    perm = torch.randperm(len(x))
    tr, te = perm[:1200], perm[1200:]
    mu, sd = x[tr].mean(0), x[tr].std(0)
    x = (x - mu) / sd.clamp_min(1e-6)
    net = build()
    opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    bce = nn.BCEWithLogitsLoss()
    gen = torch.Generator().manual_seed(5)
    step = 0
    for _ in range(12):
        for idx in batches(len(tr), 60, gen):
            opt.zero_grad()
            loss = bce(net(x[tr[idx]]).squeeze(1), y[tr[idx]])
            loss.backward()
            opt.step()
            step += 1
            if step % 40 == 0:
                print(f"step {step:4d} bce {loss.item():.4f} test acc {evaluate(net, x[te], y[te]):.3f}")
    return evaluate(net, x[te], y[te])


if __name__ == "__main__":
    print(f"test accuracy {run():.3f}")
