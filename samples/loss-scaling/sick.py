"""Denoise 12x12 height maps. Small micro batches, gradients of 16 of them make one step."""
from types import SimpleNamespace

import torch
import torch.nn as nn

cfg = SimpleNamespace(seed=4, micro_batch=8, accumulate=16, steps=200, lr=1.0, momentum=0.9, side=12)


def height_maps(n):
    grid = torch.linspace(0, 1, cfg.side)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    a, b, p = torch.randn(n, 1, 1), torch.randn(n, 1, 1), 6.28 * torch.rand(n, 1, 1)
    clean = a * torch.sin(5 * xx + p) + b * torch.cos(5 * yy + p)
    return clean + 0.7 * torch.randn_like(clean), clean


class Denoiser(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        size = cfg.side ** 2
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(size, width), nn.Tanh(), nn.Linear(width, size), nn.Unflatten(1, (cfg.side, cfg.side)),
        )

    def forward(self, noisy):
        return self.net(noisy)


torch.manual_seed(cfg.seed)
model = Denoiser()
optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
mse = nn.MSELoss()

step, running = 0, 0.0
for i in range(cfg.steps * cfg.accumulate):
    noisy, clean = height_maps(cfg.micro_batch)
    loss = mse(model(noisy), clean)
    loss.backward()
    running += loss.item()
    if (i + 1) % cfg.accumulate == 0:
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % 25 == 0:
            print(f"step {step}  loss {running / (25 * cfg.accumulate):.4f}")
            running = 0.0

model.eval()
with torch.no_grad():
    noisy, clean = height_maps(1000)
    explained = 1 - ((model(noisy) - clean) ** 2).mean() / clean.var()
print(f"explained variance {explained:.3f}")
