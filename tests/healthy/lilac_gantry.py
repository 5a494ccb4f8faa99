import argparse

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=900)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--langevin", type=int, default=12)
parser.add_argument("--step-size", type=float, default=0.01)
parser.add_argument("--noise", type=float, default=0.12)
parser.add_argument("--lr", type=float, default=4e-3)
parser.add_argument("--alpha", type=float, default=0.01)
args = parser.parse_args()

torch.manual_seed(3)
rng = np.random.default_rng(3)


def pinwheel(n):
    arm = rng.integers(0, 4, n)
    radius = 1.0 + 0.25 * rng.standard_normal(n)
    across = 0.12 * rng.standard_normal(n)
    angle = arm * np.pi / 2 + 0.5 * np.exp(radius - 1.0)
    x = radius * np.cos(angle) - across * np.sin(angle)
    y = radius * np.sin(angle) + across * np.cos(angle)
    return torch.tensor(np.stack([x, y], 1), dtype=torch.float32)


train, held = pinwheel(6000), pinwheel(2000)


class Energy(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.f = nn.Sequential(
            nn.Linear(2, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.f(x).squeeze(-1)


def langevin(energy, x, n):
    energy.requires_grad_(False)
    x = x.clone()
    for _ in range(n):
        x.requires_grad_(True)
        (g,) = torch.autograd.grad(energy(x).sum(), x)
        x = (x - args.step_size * g.clamp(-5, 5) + args.noise * torch.randn_like(x)).detach()
    energy.requires_grad_(True)
    return x.clamp(-3, 3)


@torch.no_grad()
def ranking(energy):
    """How often a held-out point gets a lower energy than a point drawn from a
    normal distribution with the same mean and covariance."""
    cov = torch.cov(held.T)
    g = torch.Generator().manual_seed(77)
    other = torch.randn(2000, 2, generator=g) @ torch.linalg.cholesky(cov).T + held.mean(0)
    e_real, e_other = energy(held), energy(other)
    return (e_real[:, None] < e_other[None, :]).float().mean().item()


energy = Energy()
opt = torch.optim.Adam(energy.parameters(), lr=args.lr, betas=(0.5, 0.999))
buffer = torch.rand(2048, 2) * 4 - 2
print(f"ranking before training {ranking(energy):.3f}")

for step in range(1, args.steps + 1):
    pos = train[torch.randint(len(train), (args.batch,))]
    pos = pos + 0.02 * torch.randn_like(pos)
    slot = torch.randperm(len(buffer))[: args.batch]
    start = buffer[slot]
    fresh = torch.rand(args.batch) < 0.05
    start[fresh] = torch.rand(int(fresh.sum()), 2) * 4 - 2
    neg = langevin(energy, start, args.langevin)
    buffer[slot] = neg

    e_pos, e_neg = energy(pos), energy(neg)
    loss = e_pos.mean() - e_neg.mean() + args.alpha * (e_pos.pow(2) + e_neg.pow(2)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:4d}  loss {loss.item():+.4f}  E+ {e_pos.mean().item():+.3f}"
              f"  E- {e_neg.mean().item():+.3f}  ranking {ranking(energy):.3f}")
