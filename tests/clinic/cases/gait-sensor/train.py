import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    steps: int = 30
    channels: int = 4
    hidden: int = 48
    classes: int = 4
    batch: int = 50
    epochs: int = 16
    lr: float = 3e-3
    seed: int = 11


cfg = Config()
torch.manual_seed(cfg.seed)


def make_walks(n):
    # class = which channel moved before which other one (two short bursts per recording)
    y = torch.randint(0, cfg.classes, (n,))
    x = 0.2 * torch.randn(n, cfg.steps, cfg.channels)
    first = [(0, 1), (1, 0), (2, 3), (3, 2)]
    for i in range(n):
        a, b = first[y[i]]
        t0 = int(torch.randint(1, 10, (1,)))
        t1 = int(torch.randint(14, 25, (1,)))
        x[i, t0:t0 + 3, a] += 2.0
        x[i, t1:t1 + 3, b] += 2.0
    return x, y


class GaitLSTM(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.lstm = nn.LSTM(input_size=c.channels, hidden_size=c.hidden, num_layers=1)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(c.hidden, c.classes)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.fc(self.drop(out[:, -1, :]))


x_train, y_train = make_walks(2000)
x_val, y_val = make_walks(400)
model = GaitLSTM(cfg)
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)

for epoch in range(1, cfg.epochs + 1):
    model.train()
    perm = torch.randperm(len(x_train))
    total = 0.0
    for i in range(0, len(perm), cfg.batch):
        b = perm[i:i + cfg.batch]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x_train[b]), y_train[b])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(x_val).argmax(-1) == y_val).float().mean().item()
    print(f"Epoch {epoch:2d} | train loss {total / (len(perm) / cfg.batch):.4f} | val acc {acc:.3f}")

print(f"final validation accuracy {acc:.3f}  (chance {1 / cfg.classes:.2f})")
