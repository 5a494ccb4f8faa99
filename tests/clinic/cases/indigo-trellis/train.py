import torch
from torch import nn


class HasOptimizers:
    lrs = {}

    def build_optimizers(self):
        self.opts = {part: torch.optim.Adam(getattr(self, part).parameters(), lr=lr) for part, lr in self.lrs.items()}

    def clear(self):
        for o in self.opts.values():
            o.zero_grad

    def advance(self):
        for o in self.opts.values():
            o.step()


class HasLog:
    every = 50

    def log(self, step, value):
        if step % self.every == 0:
            print(f"{type(self).__name__} step {step} loss {value:.4f}")


class Base(HasOptimizers, HasLog):
    def __init__(self, **parts):
        for k, v in parts.items():
            setattr(self, k, v)
        self.build_optimizers()

    def objective(self, batch):
        raise NotImplementedError

    def run(self, source, steps):
        for step in range(1, steps + 1):
            self.clear()
            loss = self.objective(next(source))
            loss.backward()
            self.advance()
            self.log(step, loss.item())


class TwoTower(Base):
    lrs = {"user": 0.005, "item": 0.005, "join": 0.003}

    def score(self, u, i):
        return self.join(torch.cat([self.user(u), self.item(i)], -1)).squeeze(-1)

    def objective(self, batch):
        u, i, r = batch
        return nn.functional.smooth_l1_loss(self.score(u, i), r, beta=0.3)


def tower(d):
    return nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, 16))


def ratings(gen, n=128):
    mix = torch.randn(8, 6, generator=torch.Generator().manual_seed(1)) * 0.35
    while True:
        u, i = torch.randn(n, 8, generator=gen), torch.randn(n, 6, generator=gen)
        yield u, i, torch.tanh(((u @ mix) * i).sum(-1)) + 0.5 * u[:, 0]


torch.manual_seed(4)
model = TwoTower(user=tower(8), item=tower(6), join=nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 1)))
model.run(ratings(torch.Generator().manual_seed(8)), 800)
u, i, r = next(ratings(torch.Generator().manual_seed(9), 3000))
with torch.no_grad():
    print(f"final held-out r2 {1 - (model.score(u, i) - r).square().mean().item() / r.var().item():.3f}")
