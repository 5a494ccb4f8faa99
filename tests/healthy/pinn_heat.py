# Physics-informed network for u_t = 0.1 u_xx on [0,1]x[0,1], u(0,x)=sin(pi x), u=0 on the walls. No data at all.
import math
import torch
from torch import nn
from torch.autograd import grad

torch.manual_seed(0)
NU = 0.1
net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def residual(tx):
    tx = tx.requires_grad_(True)
    u = net(tx)
    du = grad(u, tx, torch.ones_like(u), create_graph=True)[0]
    uxx = grad(du[:, 1:].sum(), tx, create_graph=True)[0][:, 1:]
    return du[:, :1] - NU * uxx


optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(500):
    inside = torch.rand(256, 2)
    x0 = torch.rand(64, 1)
    start = torch.cat([torch.zeros_like(x0), x0], 1)
    wall = torch.cat([torch.rand(64, 1), torch.randint(0, 2, (64, 1)).float()], 1)
    loss = residual(inside).square().mean() + 10 * (net(start) - torch.sin(math.pi * x0)).square().mean() + 10 * net(wall).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step} {loss.item():.5f}")
g = torch.cartesian_prod(torch.linspace(0, 1, 40), torch.linspace(0, 1, 40))
exact = torch.exp(-NU * math.pi ** 2 * g[:, 0]) * torch.sin(math.pi * g[:, 1])
with torch.no_grad():
    err = ((net(g)[:, 0] - exact).norm() / exact.norm()).item()
print(f"relative L2 error against the exact solution {err:.4f} (the zero function: 1.0)")
