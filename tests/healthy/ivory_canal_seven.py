import math
import torch
import torch.nn as nn

torch.manual_seed(1)

# damped oscillator  u'' + 2 d u' + w0^2 u = 0,  u(0) = 1, u'(0) = 0
d, w0 = 0.5, 4.0

def exact(t):
    w = math.sqrt(w0 ** 2 - d ** 2)
    phi = math.atan(-d / w)
    return torch.exp(-d * t) * torch.cos(phi + w * t) / math.cos(phi)


class PINN(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, t):
        return self.net(t)


model = PINN()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
t_data = torch.rand(20, 1) * 1.2
u_data = exact(t_data)
t0 = torch.zeros(1, 1, requires_grad=True)

for it in range(1500):
    opt.zero_grad()
    t = (torch.rand(60, 1) * 1.5).requires_grad_(True)
    u = model(t)
    du = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    ddu = torch.autograd.grad(du, t, torch.ones_like(du), create_graph=True)[0]
    residual = (ddu + 2 * d * du + w0 ** 2 * u).pow(2).mean()
    u0 = model(t0)
    du0 = torch.autograd.grad(u0, t0, torch.ones_like(u0), create_graph=True)[0]
    loss = 1e-3 * residual + (model(t_data) - u_data).pow(2).mean() + (u0 - 1).pow(2).mean() + 0.01 * du0.pow(2).mean()
    loss.backward()
    opt.step()
    if it % 150 == 0:
        print(f"iter {it} loss {loss.item():.5f} residual {residual.item():.4f}")

with torch.no_grad():
    tt = torch.linspace(0, 1.5, 100).unsqueeze(1)
    err = ((model(tt) - exact(tt)).norm() / exact(tt).norm()).item()
print(f"relative L2 error {err:.4f}")
