"""Physics-informed network for u'' + 4 u = 0, u(0) = 1, u'(0) = 0; the derivatives come from autograd."""
import torch
from torch import nn

torch.manual_seed(23)


class Solution(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, t):
        return self.layers(t - 1.0)


def derivative(y, t):
    return torch.autograd.grad(y, t, grad_outputs=torch.ones_like(y), create_graph=True)[0]


def residuals(net, n=64):
    t = (2 * torch.rand(n, 1)).requires_grad_(True)
    u = net(t)
    du = derivative(u, t)
    d2u = derivative(du, t)
    physics = (d2u + 4 * u).pow(2).mean()
    t0 = torch.zeros(1, 1, requires_grad=True)
    u0 = net(t0)
    start = (u0 - 1).pow(2).mean() + derivative(u0, t0).pow(2).mean()
    return physics, start


net = Solution()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
grid = torch.linspace(0, 2, 101).unsqueeze(1)
for step in range(801):
    physics, start = residuals(net)
    loss = 0.05 * physics + start
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        with torch.no_grad():
            error = (net(grid) - torch.cos(2 * grid)).pow(2).mean().sqrt()
        print(f"step {step:3d}  physics {physics.item():8.4f}  start {start.item():.5f}  distance to cos(2t) {error.item():.4f}")
