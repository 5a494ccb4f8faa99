import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
table = np.loadtxt(os.path.join(here, "data", "station_17.csv"), delimiter=",", skiprows=1).astype("float32")
WIN = 20
SPLIT = 1400


def windows(arr):
    xs = np.stack([arr[i:i + WIN] for i in range(len(arr) - WIN)])
    ys = arr[WIN:, 0]
    return torch.tensor(xs), torch.tensor(ys)


def build():
    gru = nn.GRU(3, 24, batch_first=True)
    head = nn.Linear(24, 1)
    return gru, head


def forward(parts, x):
    gru, head = parts
    out, _ = gru(x)
    return head(out[:, -1]).squeeze(-1)


torch.manual_seed(3)
xtr, ytr = windows(table[:SPLIT])
xte, yte = windows(table[SPLIT:])
parts = build()
params = [p for m in parts for p in m.parameters()]
optim = torch.optim.Adam(params, lr=4e-3)

for step in range(400):
    idx = torch.randint(0, len(xtr), (48,))
    pred = forward(parts, xtr[idx])
    loss = F.mse_loss(pred, ytr[idx])
    optim.zero_grad()
    loss.backward()
    optim.step()
    if step % 40 == 0:
        print("step", step, "loss", round(loss.item(), 5))

with torch.no_grad():
    e = forward(parts, xte) - yte
print("test rmse", round(e.pow(2).mean().sqrt().item(), 4), "r2", round(1 - (e.pow(2).mean() / yte.var()).item(), 4))
