"""Calibrates a touch panel: raw electrode readings to a position, with a smoothness term."""
import json
from pathlib import Path

import torch
from torch import nn

cfg = json.loads((Path(__file__).resolve().parent / "weights.json").read_text())
weight = cfg["terms"]
torch.manual_seed(38)


def touches(n):
    position = torch.rand(n, 2) * 2 - 1
    grid = torch.cartesian_prod(torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 4))
    response = torch.exp(-torch.cdist(position, grid).square() / 0.3) + 0.03 * torch.randn(n, 16)
    return (response - 0.25) / 0.3, position / 0.577


class Panel(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(16, 48)
        self.b = nn.Linear(48, 48)
        self.c = nn.Linear(48, 2)

    def forward(self, x):
        return self.c(torch.tanh(self.b(torch.tanh(self.a(x)))))


def objective(panel, x, y):
    out = panel(x)
    wobble = (panel(x + 0.05 * torch.randn_like(x)) - out).square().mean()
    return weight["position"] * (out - y).square().mean() + weight["smooth"] * wobble


x, y = touches(2000)
xt, yt = touches(500)
panel = Panel()
optimizer = torch.optim.SGD(panel.parameters(), **cfg["sgd"])
for it in range(cfg["iterations"]):
    rows = torch.randint(len(x), (cfg["batch"],))
    total = objective(panel, x[rows], y[rows])
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    if it % 40 == 0:
        print(f"{it:4d} objective {total.item():.3e}")
with torch.no_grad():
    print(f"test position error (mse, 1 = centre of the panel): {(panel(xt) - yt).square().mean().item():.3f}")
