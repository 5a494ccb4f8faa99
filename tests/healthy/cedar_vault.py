"""Density of a two-moons cloud with stacked affine couplings."""
import math

import torch
from torch import nn


def moons(n, g):
    a = math.pi * torch.rand(n, generator=g)
    up = torch.rand(n, generator=g) < 0.5
    x = torch.where(up, a.cos(), 1 - a.cos())
    y = torch.where(up, a.sin(), 0.5 - a.sin())
    p = torch.stack([x - 0.5, y - 0.25], 1)
    return p * 1.2 + 0.08 * torch.randn(n, 2, generator=g)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, v):
        a, b = v[:, :1], v[:, 1:]
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, dim=1)
        s = 2 * torch.tanh(s / 2)
        b = b * s.exp() + t
        return torch.cat([b, a] if self.flip else [a, b], 1), s.sum(1)


flow = nn.ModuleList([Coupling(bool(i % 2)) for i in range(6)])


def log_prob(v):
    total = torch.zeros(len(v))
    for layer in flow:
        v, ld = layer(v)
        total = total + ld
    return total - 0.5 * (v ** 2).sum(1) - math.log(2 * math.pi)


g = torch.Generator().manual_seed(4)
torch.manual_seed(4)
held = moons(1000, g)
optimizer = torch.optim.Adam(flow.parameters(), lr=3e-3, maximize=True)
for step in range(601):
    objective = log_prob(moons(200, g)).mean()
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    if step % 100 == 0:
        with torch.no_grad():
            print(f"step {step} loss {objective.item():.4f} held-out {log_prob(held).mean().item():.4f}")
