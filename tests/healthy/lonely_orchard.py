"""Tide-gauge outlook: at every hour, name the level twelve hours on. Warm restarts, one snapshot per cycle."""
import copy
import math

import numpy as np
import torch
import torch.nn as nn

AHEAD = 12
T = 96
WARM = 36          # hours a gauge has been running before its outlook is published


def gauges(n, rng):
    t = np.arange(T + AHEAD)[None]
    moon = rng.uniform(0.45, 0.56, (n, 1))
    sun = rng.uniform(0.22, 0.30, (n, 1))
    a, b = rng.uniform(0.7, 1.2, (n, 1)), rng.uniform(0.3, 0.7, (n, 1))
    p, q = rng.uniform(0, 2 * np.pi, (2, n, 1))
    level = a * np.sin(moon * t + p) + b * np.sin(sun * t + q) + 0.05 * rng.standard_normal((n, T + AHEAD))
    return torch.tensor(level, dtype=torch.float32)


class CausalConv(nn.Module):
    def __init__(self, c_in, c_out, dilation):
        super().__init__()
        self.left = 2 * dilation
        self.conv = nn.Conv1d(c_in, c_out, 3, dilation=dilation)

    def forward(self, x):
        return self.conv(nn.functional.pad(x, (self.left, 0)))


class Block(nn.Module):
    def __init__(self, c, dilation):
        super().__init__()
        self.f, self.g = CausalConv(c, c, dilation), CausalConv(c, c, dilation)

    def forward(self, x):
        return x + torch.tanh(self.f(x)) * torch.sigmoid(self.g(x))


class Outlook(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        self.inp = CausalConv(1, c, 1)
        self.blocks = nn.Sequential(*[Block(c, d) for d in (1, 2, 4, 8, 8)])
        self.out = nn.Sequential(nn.Conv1d(c, c, 1), nn.ReLU(), nn.Conv1d(c, 1, 1))

    def forward(self, level):
        return self.out(self.blocks(self.inp(level.unsqueeze(1)))).squeeze(1)


def pair(series):
    return series[:, :T], series[:, AHEAD:]


@torch.no_grad()
def check(models, series):
    past, future = pair(series)
    guess = torch.stack([m(past) for m in models]).mean(0)
    return (guess - future)[:, WARM:].square().mean().item()


rng = np.random.default_rng(19)
torch.manual_seed(19)
train, val = gauges(800, rng), gauges(200, rng)
net = Outlook()
CYCLES, PER_CYCLE, PEAK = 4, 110, 6e-3
opt = torch.optim.Adam(net.parameters(), lr=PEAK)
snapshots = []

for cycle in range(CYCLES):
    total = 0.0
    for k in range(PER_CYCLE):
        for group in opt.param_groups:
            group["lr"] = 0.5 * PEAK * (1 + math.cos(math.pi * k / (PER_CYCLE - 1)))
        past, future = pair(train[torch.from_numpy(rng.integers(0, len(train), 32))])
        loss = (net(past) - future).square().mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total += loss.item() / PER_CYCLE
        if k % 55 == 54:
            print(f"cycle {cycle} step {k + 1}: loss {loss.item():.4f}  lr {opt.param_groups[0]['lr']:.1e}")
    snapshots.append(copy.deepcopy(net))
    print(f"cycle {cycle}: mean loss {total:.4f}  val, this snapshot {check([net], val):.4f}, "
          f"last two together {check(snapshots[-2:], val):.4f}")

past, future = pair(val)
print(f"saying the mean: {future[:, WARM:].var().item():.4f}   saying the present level: "
      f"{(past - future)[:, WARM:].square().mean().item():.4f}")
