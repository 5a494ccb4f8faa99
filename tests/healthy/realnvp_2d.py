"""Normalising flow (RealNVP) for a crescent in the plane, trained by maximum likelihood."""
import math

import torch
from torch import nn, distributions

torch.manual_seed(53)


def crescent(n):
    x = torch.randn(n, 2)
    out = torch.stack([x[:, 0], 0.5 * x[:, 1] + 0.6 * (x[:, 0] ** 2 - 1)], 1)
    return out * 0.8


class Coupling(nn.Module):
    def __init__(self, keep_first, hidden=32):
        super().__init__()
        self.register_buffer("mask", torch.tensor([1.0, 0.0] if keep_first else [0.0, 1.0]))
        self.scale = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(), nn.Linear(hidden, 2), nn.Tanh())
        self.shift = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(), nn.Linear(hidden, 2))

    def inverse(self, x):
        kept = x * self.mask
        s, t = self.scale(kept) * (1 - self.mask), self.shift(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (x - t) * torch.exp(-s), -s.sum(1)

    def forward(self, z):
        kept = z * self.mask
        s, t = self.scale(kept) * (1 - self.mask), self.shift(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (z * torch.exp(s) + t)


class RealNVP(nn.Module):
    def __init__(self, depth=6):
        super().__init__()
        self.steps = nn.ModuleList(Coupling(i % 2 == 0) for i in range(depth))
        self.prior = distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))

    def log_prob(self, x):
        log_det = 0.0
        for step in reversed(self.steps):
            x, ld = step.inverse(x)
            log_det = log_det + ld
        return self.prior.log_prob(x) + log_det

    def sample(self, n):
        z = self.prior.sample((n,))
        for step in self.steps:
            z = step(z)
        return z


flow = RealNVP()
optimizer = torch.optim.Adam(flow.parameters(), lr=2e-3)
held_out = crescent(1000)
entropy = math.log(2 * math.pi * math.e) + math.log(0.8 * 0.8 * 0.5)
print(f"entropy of the data {entropy:.3f}")
for t in range(301):
    loss = -flow.log_prob(crescent(100)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if t % 50 == 0:
        with torch.no_grad():
            print(f"iter {t}: loss = {loss.item():.3f}, held out {-flow.log_prob(held_out).mean().item():.3f}, samples: corr(x^2, y) "
                  f"{torch.corrcoef(torch.stack([(s := flow.sample(1000))[:, 0] ** 2, s[:, 1]]))[0, 1].item():.2f}")
