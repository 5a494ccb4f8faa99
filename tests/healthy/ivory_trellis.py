import math
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Settings:
    levels: int = 60
    points: int = 6000
    batch: int = 256
    steps: int = 1600
    lr: float = 2e-3
    hidden: int = 96
    seed: int = 14


cfg = Settings()
torch.manual_seed(cfg.seed)


def moons(n):
    """Two interlocked arcs and a small disc, at about unit scale."""
    k = torch.rand(n)
    a = math.pi * torch.rand(n)
    upper = torch.stack([a.cos(), a.sin()], 1)
    lower = torch.stack([1 - a.cos(), 0.4 - a.sin()], 1)
    r, phi = 0.15 * torch.rand(n).sqrt(), 2 * math.pi * torch.rand(n)
    disc = torch.stack([0.5 + r * phi.cos(), 1.6 + r * phi.sin()], 1)
    x = torch.where((k < 0.42)[:, None], upper, torch.where((k < 0.84)[:, None], lower, disc))
    x = x + 0.04 * torch.randn(n, 2)
    return (x - torch.tensor([0.5, 0.4])) / torch.tensor([0.9, 0.65])


beta = torch.linspace(1e-4, 0.16, cfg.levels)
keep = torch.cumprod(1 - beta, 0)


class Denoiser(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.register_buffer("freq", 2.0 ** torch.arange(6))
        self.t_in = nn.Linear(12, hidden)
        self.x_in = nn.Linear(2, hidden)
        self.mid = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(3))
        self.out = nn.Linear(hidden, 2)
        nn.init.zeros_(self.out.weight)

    def forward(self, x, t):
        ang = (t.float() / cfg.levels)[:, None] * self.freq * math.pi / 2
        e = self.t_in(torch.cat([ang.sin(), ang.cos()], 1))
        h = nn.functional.silu(self.x_in(x) + e)
        for layer in self.mid:
            h = h + nn.functional.silu(layer(h))
        return self.out(h)


def noised(x0):
    t = torch.randint(cfg.levels, (len(x0),))
    eps = torch.randn_like(x0)
    k = keep[t][:, None]
    return k.sqrt() * x0 + (1 - k).sqrt() * eps, t, eps


@torch.no_grad()
def generate(net, n):
    x = torch.randn(n, 2)
    for t in reversed(range(cfg.levels)):
        e = net(x, torch.full((n,), t))
        x = (x - beta[t] / (1 - keep[t]).sqrt() * e) / (1 - beta[t]).sqrt()
        if t:
            x = x + beta[t].sqrt() * torch.randn_like(x)
    return x


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


data, fresh = moons(cfg.points), moons(1500)
net = Denoiser(cfg.hidden)
shadow = {k: v.clone() for k, v in net.state_dict().items()}
opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
print(f"energy distance of a plain Gaussian: {energy_distance(torch.randn(1500, 2), fresh):.4f}, "
      f"of other true points: {energy_distance(moons(1500), fresh):.4f}")

run = 0.0
for step in range(1, cfg.steps + 1):
    x, t, eps = noised(data[torch.randint(cfg.points, (cfg.batch,))])
    loss = (net(x, t) - eps).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    for k, v in net.state_dict().items():
        shadow[k].lerp_(v, 0.01)
    run += loss.item()
    if step % 200 == 0:
        with torch.no_grad():
            xv, tv, ev = noised(fresh)
            held = (net(xv, tv) - ev).square().mean().item()
        print(f"step {step}  loss {run / 200:.4f}  fresh points {held:.4f}")
        run = 0.0

net.load_state_dict(shadow)
print(f"energy distance of generated points: {energy_distance(generate(net, 1500), fresh):.4f}")
