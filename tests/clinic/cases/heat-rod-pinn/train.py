"""Physics-informed network for heat flow in a rod: u_t = k u_xx, u(x, 0) given, ends kept at zero."""
import math

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
K = 0.08


class InitialCondition:
    def __init__(self, n):
        self.x = torch.rand(n, 1)
        self.u = (torch.sin(math.pi * self.x) + 0.5 * torch.sin(3 * math.pi * self.x))[:, 0]

    def __call__(self, model):
        t0 = torch.zeros_like(self.x)
        prediction = model(torch.cat([self.x, t0], 1))
        return F.mse_loss(prediction, self.u)


class BoundaryCondition:
    def __init__(self, n):
        t = torch.rand(n, 1)
        self.pts = torch.cat([torch.cat([torch.zeros_like(t), t], 1), torch.cat([torch.ones_like(t), t], 1)])

    def __call__(self, model):
        return model(self.pts).pow(2).mean()


class PDE:
    def __init__(self, n):
        self.n = n

    def __call__(self, model):
        p = torch.rand(self.n, 2, requires_grad=True)
        u = model(p)
        g, = torch.autograd.grad(u.sum(), p, create_graph=True)
        u_xx = torch.autograd.grad(g[:, 0].sum(), p, create_graph=True)[0][:, 0]
        return (g[:, 1] - K * u_xx).pow(2).mean()


net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
ic, bc, pde = InitialCondition(120), BoundaryCondition(40), PDE(160)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)

for it in range(1, 701):
    opt.zero_grad()
    loss = 10 * ic(net) + 5 * bc(net) + 0.2 * pde(net)
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(f'it {it}: {loss.item():.5f}')

x = torch.linspace(0, 1, 60)[:, None]
error = total = 0.0
with torch.no_grad():
    for t in (0.0, 0.05, 0.1, 0.2):
        exact = sum(a * torch.sin(n * math.pi * x) * math.exp(-K * (n * math.pi) ** 2 * t) for a, n in ((1.0, 1), (0.5, 3)))
        u = net(torch.cat([x, torch.full_like(x, t)], 1))
        error += (u - exact).pow(2).mean().item() / 4
        total += (exact - exact.mean()).pow(2).mean().item() / 4
print(f'rms error over the rod {error ** 0.5:.3f} (spread of the solution {total ** 0.5:.3f})')
