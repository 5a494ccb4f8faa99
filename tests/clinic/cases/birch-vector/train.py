"""-u'' = f on (0, 1) with u(0) = 0, u(1) = 0."""
import math

import torch
from torch import nn

torch.manual_seed(0)


class Field(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(1, width), nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, x):
        return self.l3(torch.tanh(self.l2(torch.tanh(self.l1(x)))))


def d(y, x, keep):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=keep, retain_graph=True)[0]


def exact(x):
    return torch.sin(math.pi * x) + 0.5 * torch.sin(3 * math.pi * x)


def source(x):
    return math.pi ** 2 * torch.sin(math.pi * x) + 4.5 * math.pi ** 2 * torch.sin(3 * math.pi * x)


u = Field()
opt = torch.optim.Adam(u.parameters(), lr=4e-3)
edge = torch.tensor([[0.0], [1.0]])
for it in range(1, 901):
    x = torch.rand(96, 1, requires_grad=True)
    val = u(x)
    ux = d(val, x, keep=True)
    uxx = d(ux, x, keep=False)
    pde = ((-uxx - source(x)) ** 2).mean()
    bc = (u(edge) ** 2).mean()
    loss = pde + 400 * bc
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print("it %4d total %.4f pde %.4f bc %.6f" % (it, loss.item(), pde.item(), bc.item()))

xs = torch.linspace(0, 1, 201)[:, None]
with torch.no_grad():
    rel = (u(xs) - exact(xs)).norm() / exact(xs).norm()
print("relative L2 error against the analytic solution: %.4f" % rel)
