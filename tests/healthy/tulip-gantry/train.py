from dataclasses import dataclass
from pathlib import Path
import numpy as np
import torch
from torch import nn


@dataclass
class C:
    width: int = 48
    blocks: int = 3
    lr: float = 2e-3
    steps: int = 900
    batch: int = 64


class Residual(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a = nn.Linear(d, d)
        self.b = nn.Linear(d, d)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, h):
        return h + self.b(torch.relu(self.a(h)))


class Forecaster(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.inp = nn.Linear(6, c.width)
        self.body = nn.Sequential(*[Residual(c.width) for _ in range(c.blocks)])
        self.out = nn.Linear(c.width, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        mu, raw = self.out(self.body(self.inp(x))).unbind(-1)
        return mu, nn.functional.softplus(raw) + 1e-3


def nll(mu, sd, y):
    return -torch.distributions.Normal(mu, sd).log_prob(y).mean()


def main(c=C()):
    z = np.load(Path(__file__).parent / "returns.npz")
    x, y = torch.from_numpy(z["x"]), torch.from_numpy(z["y"])
    torch.manual_seed(2)
    net = Forecaster(c)
    opt = torch.optim.Adam(net.parameters(), lr=c.lr)
    for i in range(c.steps):
        b = torch.randint(0, 1600, (c.batch,))
        loss = nll(*net(x[b]), y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 100 == 0 or i == c.steps - 1:
            with torch.no_grad():
                mu, sd = net(x[1600:])
                v = nll(mu, sd, y[1600:]).item()
                r2 = 1 - ((mu - y[1600:]).pow(2).mean() / y[1600:].var()).item()
            print(f"{i} {loss.item():.4f} | {v:.4f} r2 {r2:.3f}")


main()
