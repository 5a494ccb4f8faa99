"""Joint angles (in units of their standard deviation) from three accelerometer channels."""
import math
import torch
from torch import nn

torch.manual_seed(17)


def record(n, T=24):
    phase = torch.rand(n, 1) * 2 * math.pi
    speed = 0.2 + 0.3 * torch.rand(n, 1)
    t = torch.arange(T).float()[None]
    a = phase + speed * t
    acc = torch.stack([a.sin(), a.cos(), speed.expand(n, T) * 4 - 1.4], -1)
    acc = acc + 0.05 * torch.randn_like(acc)
    knee = 1.2 * (a.sin() + 0.6 * (2 * a).sin()) + 1.4
    hip = 2.6 * a.cos() - 0.5
    return acc, torch.stack([knee, hip], -1)


class GaitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.LSTM(3, 40, batch_first=True)
        self.readout = nn.LSTM(40, 2, batch_first=True)

    def forward(self, x):
        h, _ = self.body(x)
        angles, _ = self.readout(h)
        return angles


x, y = record(1200)
xv, yv = record(300)
net = GaitNet()
opt = torch.optim.Adam(net.parameters(), lr=8e-3)
loss_fn = nn.MSELoss()
for epoch in range(10):
    order = torch.randperm(len(x))
    for chunk in order.split(40):
        opt.zero_grad()
        loss = loss_fn(net(x[chunk]), y[chunk])
        loss.backward()
        opt.step()
    with torch.no_grad():
        print(f'epoch {epoch}: train {loss.item():.4f}  val {loss_fn(net(xv), yv).item():.4f}')
with torch.no_grad():
    mse = loss_fn(net(xv), yv).item()
print(f'val mse {mse:.3f} (variance {((yv - yv.mean((0, 1))) ** 2).mean().item():.3f})')
