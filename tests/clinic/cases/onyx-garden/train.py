import math
from types import SimpleNamespace

import torch
from torch import nn


def two_moons(n, g):
    t = torch.rand(n, generator=g) * math.pi
    s = (torch.rand(n, generator=g) < 0.5).float()
    x = torch.cos(t) * (1 - 2 * s) + s
    y = torch.sin(t) * (1 - 2 * s) + 0.4 * s
    return torch.stack([x - 0.5, y - 0.2], 1) * 1.4 + 0.04 * torch.randn(n, 2, generator=g)


class Denoiser(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 + 9, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        freqs = t[:, None] * torch.tensor([1.0, 2.0, 4.0, 8.0]) * math.pi
        return self.net(torch.cat([x, t[:, None], freqs.sin(), freqs.cos()], 1))


class DiffusionTrainer:
    def __init__(self, args):
        self.args = args
        torch.manual_seed(args.seed)
        self.g = torch.Generator().manual_seed(args.seed)
        self.data = two_moons(4096, self.g)
        self.model = Denoiser()
        self.opt = torch.optim.Adam(self.model.parameters(), lr=args.lr)
        betas = torch.linspace(1e-3, 0.12, args.T)
        self.abar = torch.cumprod(1 - betas, 0)
        self.betas = betas
        self.global_step = 0

    def loss(self, x0):
        t = torch.randint(0, self.args.T, (len(x0),), generator=self.g)
        eps = torch.randn(x0.shape, generator=self.g)
        a = self.abar[t][:, None]
        xt = a.sqrt() * x0 + (1 - a).sqrt() * eps
        return ((self.model(xt, t / self.args.T) - eps) ** 2).mean()

    def micro_batches(self):
        for _ in range(self.args.accum):
            yield self.data[torch.randint(0, len(self.data), (self.args.micro,), generator=self.g)]

    def step(self):
        total = 0.0
        for mb in self.micro_batches():
            l = self.loss(mb) / self.args.accum
            l.backward()
            total += l.item()
        self.opt.zero_grad()
        self.opt.step()
        self.global_step += 1
        return total

    @torch.no_grad()
    def sample(self, n):
        x = torch.randn(n, 2, generator=self.g)
        for i in reversed(range(self.args.T)):
            t = torch.full((n,), i / self.args.T)
            e = self.model(x, t)
            b, a = self.betas[i], self.abar[i]
            x = (x - b / (1 - a).sqrt() * e) / (1 - b).sqrt()
            if i:
                x = x + b.sqrt() * torch.randn(x.shape, generator=self.g)
        return x

    def run(self):
        acc = []
        while self.global_step < self.args.steps:
            acc.append(self.step())
            if self.global_step % 50 == 0:
                print(f"step {self.global_step} eps-mse {sum(acc[-50:]) / 50:.4f}")
        ref = two_moons(2000, torch.Generator().manual_seed(123))
        d = torch.cdist(self.sample(400), ref).min(1).values.mean()
        print(f"mean distance of samples to the data manifold: {d:.4f}")


DiffusionTrainer(SimpleNamespace(seed=0, T=40, lr=3e-3, accum=2, micro=128, steps=400)).run()
