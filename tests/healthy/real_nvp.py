"""RealNVP on two tight moons. The density is sharp, so the negative log-likelihood goes below zero."""
import math
from typing import Iterator
import torch
from torch import nn, Tensor

torch.manual_seed(0)


def moons(n: int) -> Tensor:
    t = torch.rand(n) * math.pi
    up = torch.rand(n) < 0.5
    x = torch.where(up, t.cos(), 1 - t.cos())
    y = torch.where(up, t.sin(), 0.5 - t.sin())
    return (torch.stack([x, y], 1) + 0.02 * torch.randn(n, 2) - torch.tensor([0.5, 0.25])) * 0.3


def endless(batch: int) -> Iterator[Tensor]:
    while True:
        yield moons(batch)


class Coupling(nn.Module):
    def __init__(self, swap: bool, h: int = 64):
        super().__init__()
        self.swap = swap
        self.net = nn.Sequential(nn.Linear(1, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))
        nn.init.zeros_(self.net[-1].weight); nn.init.zeros_(self.net[-1].bias)   # starts as the identity
        self.cap = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = x.chunk(2, 1)
        if self.swap:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = 2 * torch.tanh(s) * self.cap
        b = b * s.exp() + t
        out = torch.cat([b, a] if self.swap else [a, b], 1)
        return out, s.squeeze(1)


class ActNorm(nn.Module):
    def __init__(self, d: int = 2):
        super().__init__()
        self.logs, self.b = nn.Parameter(torch.zeros(d)), nn.Parameter(torch.zeros(d))
        self.register_buffer("ready", torch.tensor(False))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if not self.ready:
            with torch.no_grad():
                self.b.copy_(-x.mean(0)); self.logs.copy_(-x.std(0).log()); self.ready.fill_(True)
        return (x + self.b) * self.logs.exp(), self.logs.sum().expand(len(x))


class Flow(nn.Module):
    def __init__(self, k: int = 6):
        super().__init__()
        self.parts = nn.ModuleList(m for i in range(k) for m in (ActNorm(), Coupling(i % 2 == 1)))

    def log_prob(self, x: Tensor) -> Tensor:
        total = torch.zeros(len(x))
        for part in self.parts:
            x, ld = part(x)
            total = total + ld
        return total - 0.5 * (x ** 2).sum(1) - math.log(2 * math.pi)


flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
for step, x in zip(range(500), endless(256)):
    nll = -flow.log_prob(x).mean()
    opt.zero_grad()
    nll.backward()
    opt.step()
    if step % 100 == 0:
        print(f"{step:04d} nll {nll.item():+.3f}")
test = moons(4000)
with torch.no_grad():
    got = -flow.log_prob(test).mean().item()
    ref = -torch.distributions.MultivariateNormal(test.mean(0), test.T.cov()).log_prob(test).mean().item()
print(f"held-out NLL {got:+.3f}; best single Gaussian {ref:+.3f}")
