import time

import h5py
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED, BATCH, STEPS, LR = 4, 48, 500, 2e-3


def read(path):
    with h5py.File(path, "r") as h:
        accel = torch.tensor(h["accel"][:])
        gear = torch.tensor(h["gear"][:])
    return accel, gear


class GearNet(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.c1 = nn.Conv1d(channels, 16, 5, padding=2)
        self.c2 = nn.Conv1d(16, 32, 5, padding=2)
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.c1(x)), 2)
        x = F.relu(self.c2(x))
        return self.fc(x.mean(-1))


def batches(x, y, size, gen):
    while True:
        order = torch.randperm(len(x), generator=gen)
        for i in range(0, len(x) - size + 1, size):
            j = order[i:i + size]
            yield x[j], y[j]


torch.manual_seed(SEED)
x, y = read("runs.h5")
split = 1000
xt, yt, xv, yv = x[:split], y[:split], x[split:], y[split:]
mean, std = xt.mean((0, 2), keepdim=True), xt.std((0, 2), keepdim=True)
xt, xv = (xt - mean) / std, (xv - mean) / std

model = GearNet(x.shape[1], int(y.max()) + 1)
optim = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=1e-3)
stream = batches(xt, yt, BATCH, torch.Generator().manual_seed(SEED))

start, smooth = time.time(), None
for step in range(1, STEPS + 1):
    xb, yb = next(stream)
    loss = F.cross_entropy(model(xb), yb)
    optim.zero_grad(set_to_none=True)
    loss.backward()
    optim.step()
    smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
    if step % 50 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        model.train()
        print(f"{step:4d} loss {smooth:.4f} val acc {acc:.3f} ({time.time() - start:.1f}s)")
