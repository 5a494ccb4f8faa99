import math

import torch
import torch.nn.functional as F
from torch import nn


class Flip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, amount):
        ctx.amount = amount
        return h.view_as(h)

    @staticmethod
    def backward(ctx, g):
        return -ctx.amount * g, None


class Sites:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)
        self.mix = torch.linalg.qr(torch.randn(24, 24, generator=self.g))[0]
        self.offset = torch.randn(8, generator=self.g)

    def sample(self, n, site):
        y = torch.randint(3, (n,), generator=self.g)
        core = 0.9 * torch.randn(n, 12, generator=self.g)
        core[:, :3] += 2.0 * F.one_hot(y, 3)
        core[:, 3:6] += 1.6 * F.one_hot(y, 3)
        hint = y if site == 0 else torch.randint(3, (n,), generator=self.g)
        extra = 0.7 * torch.randn(n, 12, generator=self.g)
        extra[:, :3] += 1.6 * F.one_hot(hint, 3)
        extra[:, 4:] += 1.3 * self.offset * site
        return torch.cat([core, extra], 1) @ self.mix, y


class Adapter:
    def __init__(self, steps=360, batch=128):
        self.steps, self.batch = steps, batch
        self.sites = Sites(2)
        self.body = nn.Sequential(nn.Linear(24, 192), nn.ReLU(), nn.Linear(192, 96), nn.ReLU())
        self.task = nn.Linear(96, 3)
        self.judge = nn.Sequential(nn.Linear(96, 128), nn.ReLU(), nn.Linear(128, 1))
        parts = nn.ModuleList([self.body, self.task, self.judge])
        self.opt = torch.optim.SGD(parts.parameters(), lr=0.06, momentum=0.0)
        self.probe = self.sites.sample(3000, 1)

    def score(self):
        with torch.no_grad():
            x, y = self.probe
            return (self.task(self.body(x)).argmax(1) == y).float().mean().item()

    def step(self, amount):
        xs, ys = self.sites.sample(self.batch, 0)
        xt, _ = self.sites.sample(self.batch, 1)
        h = self.body(torch.cat([xs, xt]))
        where = torch.cat([torch.zeros(self.batch), torch.ones(self.batch)])
        side = F.binary_cross_entropy_with_logits(self.judge(Flip.apply(h, amount)).squeeze(1), where)
        main = F.cross_entropy(self.task(h[: self.batch]), ys)
        self.opt.zero_grad()
        (main + side).backward()
        self.opt.step()
        return main.item(), side.item()

    def run(self):
        print(f"start other-site acc {self.score():.3f}")
        for t in range(1, self.steps + 1):
            amount = 0.25 * (2 / (1 + math.exp(-8 * t / self.steps)) - 1)
            main, side = self.step(amount)
            if t % 60 == 0:
                print(f"{t} main {main:.4f} side {side:.4f} sum {main + side:.4f} other-site acc {self.score():.3f}")


torch.manual_seed(6)
Adapter().run()
