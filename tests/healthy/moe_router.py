"""Sparse mixture of experts, top-1 routing, load-balancing term; unused experts get no gradient in a step."""
from dataclasses import dataclass, field
import torch
from torch import nn
import torch.nn.functional as F

@dataclass
class Settings:
    experts: int = 6
    d: int = 8
    steps: int = 500
    lr: float = 4e-3
    balance: float = 0.02
    seed: int = 13
    log: list = field(default_factory=list)

class Expert(nn.Sequential):
    def __init__(self, d): super().__init__(nn.Linear(d, 24), nn.ReLU(), nn.Linear(24, 1))

class SwitchLayer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.router, self.experts = nn.Linear(s.d, s.experts), nn.ModuleList(Expert(s.d) for _ in range(s.experts))
    def forward(self, x):
        p = self.router(x).softmax(-1)
        gate, who = p.max(-1)
        y = x.new_zeros(len(x))
        for k, e in enumerate(self.experts):
            rows = (who == k).nonzero()[:, 0]
            if len(rows):
                y = y.index_add(0, rows, gate[rows] * e(x[rows])[:, 0])
        frac = F.one_hot(who, p.size(1)).float().mean(0)
        return y, p.size(1) * (frac * p.mean(0)).sum()

def world(n, d, g=torch.Generator().manual_seed(2)):
    w = torch.randn(4, d, generator=torch.Generator().manual_seed(1))
    x = torch.randn(n, d, generator=g)
    region = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    return x, (x * w[region]).sum(1) + 0.1 * torch.randn(n, generator=g)

class Run:
    def __init__(self, s):
        self.s = s; torch.manual_seed(s.seed)
        self.model = SwitchLayer(s)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=s.lr)
    def step(self):
        x, y = world(256, self.s.d)
        out, aux = self.model(x)
        loss = F.mse_loss(out, y) + self.s.balance * aux
        self.opt.zero_grad(set_to_none=True); loss.backward(); self.opt.step()
        return loss.item()
    def fit(self):
        for i in range(self.s.steps):
            self.s.log.append(self.step())
            if i % 100 == 0: print(i, round(self.s.log[-1], 3))
    @torch.no_grad()
    def score(self):
        x, y = world(4000, self.s.d)
        lin = torch.linalg.lstsq(x, y[:, None]).solution
        return 1 - F.mse_loss(self.model(x)[0], y).item() / y.var().item(), 1 - F.mse_loss((x @ lin)[:, 0], y).item() / y.var().item()

if __name__ == "__main__":
    run = Run(Settings()); run.fit()
    a, b = run.score()
    print(f"held-out R2 {a:.3f}, best linear model {b:.3f}")
