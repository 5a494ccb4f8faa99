# heartbeat type classification, bi-GRU over single-lead segments
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from dataclasses import dataclass


@dataclass
class Config:
    seq_len: int = 48
    hidden: int = 32
    layers: int = 1
    classes: int = 4
    batch_size: int = 50
    epochs: int = 11
    lr: float = 2e-3
    seed: int = 3


def beat(kind, rng, T):
    t = np.linspace(0, 1, T)
    jitter = rng.uniform(-0.06, 0.06)
    g = lambda c, w, a: a * np.exp(-((t - c - jitter) ** 2) / (2 * w * w))
    if kind == 0:
        s = g(0.25, 0.03, 0.25) + g(0.45, 0.02, 1.3) - g(0.50, 0.02, 0.4) + g(0.72, 0.05, 0.4)
    elif kind == 1:
        s = g(0.40, 0.06, 1.1) - g(0.58, 0.08, 0.9)
    elif kind == 2:
        s = g(0.30, 0.02, 1.1) + g(0.36, 0.02, 0.9) + g(0.62, 0.05, -0.4)
    else:
        s = g(0.45, 0.02, 1.3) - g(0.50, 0.02, 0.4) + g(0.72, 0.05, 0.4) + 0.12 * np.sin(2 * math.pi * 9 * t)
    s = s * rng.uniform(0.8, 1.2) + rng.normal(0, 0.12, T) + rng.uniform(-0.1, 0.1)
    return s


def load_split(n, cfg, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, cfg.classes, n)
    X = np.stack([beat(k, rng, cfg.seq_len) for k in y])
    X = (X - X.mean()) / X.std()
    return torch.tensor(X, dtype=torch.float32).unsqueeze(-1), torch.tensor(y)


class BeatNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.gru = nn.GRU(1, cfg.hidden, cfg.layers, batch_first=True, bidirectional=True)
        self.fc1 = nn.Linear(2 * cfg.hidden, 32)
        self.fc2 = nn.Linear(32, cfg.classes)

    def forward(self, x):
        _, h = self.gru(x)                       # (layers * 2, batch, hidden)
        h = h.contiguous().view(x.size(0), -1)   # (batch, 2 * hidden)
        h = F.relu(self.fc1(h))
        return self.fc2(h)


cfg = Config()
torch.manual_seed(cfg.seed)
x_train, y_train = load_split(1500, cfg, 10)
x_test, y_test = load_split(400, cfg, 11)

net = BeatNet(cfg)
opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
print(net)

for epoch in range(cfg.epochs):
    net.train()
    order = torch.randperm(len(x_train))
    total, hits = 0.0, 0
    for i in range(0, len(order), cfg.batch_size):
        idx = order[i:i + cfg.batch_size]
        out = net(x_train[idx])
        loss = F.cross_entropy(out, y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
        hits += (out.argmax(1) == y_train[idx]).sum().item()

    net.eval()
    with torch.no_grad():
        test_hits = 0
        for i in range(0, len(x_test), cfg.batch_size):
            xb, yb = x_test[i:i + cfg.batch_size], y_test[i:i + cfg.batch_size]
            test_hits += (net(xb).argmax(1) == yb).sum().item()
    print("epoch %02d  loss %.4f  train acc %.3f  test acc %.3f" % (
        epoch, total / len(x_train), hits / len(x_train), test_hits / len(x_test)))
