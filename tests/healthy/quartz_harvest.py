import math
import torch
from torch import nn

torch.manual_seed(10)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, x):
        a, b = x.flip(1).unbind(1) if self.flip else x.unbind(1)
        s, t = self.net(a[:, None]).unbind(1)
        s = torch.tanh(s) * 2
        z = torch.stack([a, b * s.exp() + t], 1)
        return (z.flip(1) if self.flip else z), s


class Flow(nn.Module):
    def __init__(self, depth=6):
        super().__init__()
        self.steps = nn.ModuleList(Coupling(bool(i % 2)) for i in range(depth))

    def log_prob(self, x):
        vol = 0
        for s in self.steps:
            x, ld = s(x)
            vol = vol + ld
        return -0.5 * x.pow(2).sum(1) - math.log(2 * math.pi) + vol


def moons(n):
    t = math.pi * torch.rand(n)
    up = torch.rand(n) < 0.5
    p = torch.stack([t.cos(), t.sin()], 1)
    p = torch.where(up[:, None], p, torch.stack([1 - t.cos(), 0.4 - t.sin()], 1))
    return (p - torch.tensor([0.5, 0.2])) * 0.3 + 0.015 * torch.randn(n, 2)


flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=4e-3, maximize=True)
for i in range(1, 501):
    loss = flow.log_prob(moons(200)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 50 == 0:
        print(f"iter {i} loss {loss.item():+.4f}")
with torch.no_grad():
    x = moons(3000)
    gauss = torch.distributions.MultivariateNormal(x.mean(0), x.T.cov()).log_prob(x).mean()
    print(f"final test log-likelihood {flow.log_prob(x).mean().item():.3f} (one Gaussian {gauss.item():.3f})")
