import math
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR


def simulate(n):
    """end position of a damped spring as a function of 5 standardised parameters"""
    p = torch.randn(n, 5)
    k = torch.exp(0.4 * p[:, 0])
    c = 0.3 * torch.sigmoid(p[:, 1])
    x0, v0 = p[:, 2], 0.5 * p[:, 3]
    t = 2.0 + 0.3 * p[:, 4]
    w = (k - c ** 2).clamp_min(0.05).sqrt()
    x = torch.exp(-c * t) * (x0 * torch.cos(w * t) + (v0 + c * x0) / w * torch.sin(w * t))
    return p, x.unsqueeze(1)


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity='relu')
        nn.init.constant_(m.bias, -4.0)


torch.manual_seed(17)
net = nn.Sequential(
    nn.Linear(5, 40), nn.ReLU(),
    nn.Linear(40, 40), nn.ReLU(),
    nn.Linear(40, 40), nn.ReLU(),
    nn.Linear(40, 1),
)
net[:-1].apply(init_weights)
xt, yt = simulate(3000)
xv, yv = simulate(800)
steps = 1200
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = CosineAnnealingLR(opt, steps)
for s in range(steps):
    j = torch.randint(0, 3000, (64,))
    loss = nn.functional.mse_loss(net(xt[j]), yt[j])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if s % 100 == 0:
        print(f'step {s:5d}  rmse {math.sqrt(loss.item()):.4f}')
with torch.no_grad():
    rel = ((net(xv) - yv) ** 2).mean() / yv.var()
print(f'validation: unexplained variance {rel:.4f}')
