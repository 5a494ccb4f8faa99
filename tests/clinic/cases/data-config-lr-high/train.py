"""Vowel classifier: synthetic formant tracks, residual MLP. Everything tunable sits in config.json."""
import json
import math
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn as nn

config = json.loads(
    (Path(__file__).resolve().parent / "config.json").read_text(), object_hook=lambda d: SimpleNamespace(**d)
)
torch.manual_seed(config.seed)


def formants(n, classes):
    which = torch.randint(classes, (n,))
    f1 = 0.3 + 0.1 * which.float()
    f2 = 2.2 - 0.13 * which.float() * (1 + 0.2 * torch.randn(n))
    t = torch.linspace(0, 1, 16)
    track = torch.cat(
        [
            torch.sin(2 * math.pi * f1[:, None] * t) + 0.1 * torch.randn(n, 16),
            torch.cos(2 * math.pi * f2[:, None] * t) + 0.1 * torch.randn(n, 16),
        ],
        dim=1,
    )
    return (track - track.mean(0)) / track.std(0), which


class Residual(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width))

    def forward(self, x):
        return x + self.f(x)


x, y = formants(config.data.samples, config.data.classes)
n_val = config.data.samples // 5
x_val, y_val, x, y = x[:n_val], y[:n_val], x[n_val:], y[n_val:]

m = config.model
model = nn.Sequential(
    nn.Linear(32, m.width), *[Residual(m.width, m.dropout) for _ in range(m.blocks)], nn.Linear(m.width, config.data.classes)
)
optimizer = getattr(torch.optim, config.optim.name)(model.parameters(), lr=config.optim.lr, betas=tuple(config.optim.betas))
criterion = nn.CrossEntropyLoss()

for epoch in range(config.epochs):
    model.train()
    for idx in torch.randperm(len(x)).split(config.data.batch_size):
        optimizer.zero_grad()
        loss = criterion(model(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x_val).argmax(1) == y_val).float().mean().item()
    print(f"epoch={epoch} loss={loss.item():.3f} val_acc={acc:.3f}")
print(f"validation accuracy {acc:.3f}")
