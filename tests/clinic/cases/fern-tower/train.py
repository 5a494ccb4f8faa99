import tomllib

import torch
from torch import nn, optim

with open("hparams.toml", "rb") as fh:
    hp = tomllib.load(fh)

torch.manual_seed(27)
n = 3000
x = torch.rand(n, 5) * 4 - 2
y = torch.stack([torch.sin(2 * x[:, 0]) * x[:, 1], torch.cos(x[:, 2] + x[:, 3]) + 0.3 * x[:, 4]], 1)
y = (y - y.mean(0)) / y.std(0)
x_fit, y_fit, x_val, y_val = x[:2400], y[:2400], x[2400:], y[2400:]


class ResBlock(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(w, w), nn.GELU(), nn.Linear(w, w))

    def forward(self, h):
        return h + self.f(h)


def build(width, blocks):
    return nn.Sequential(nn.Linear(5, width), nn.GELU(), *[ResBlock(width) for _ in range(blocks)], nn.Linear(width, 2))


net = build(**hp["model"])
o = dict(hp["optimizer"])
optimizer = getattr(optim, o.pop("kind"))(net.parameters(), **o)
sched = optim.lr_scheduler.CosineAnnealingLR(optimizer, hp["loop"]["epochs"])
for epoch in range(hp["loop"]["epochs"]):
    running = []
    for b in torch.randperm(len(x_fit)).split(hp["loop"]["batch"]):
        loss = nn.functional.mse_loss(net(x_fit[b]), y_fit[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running.append(loss.item())
    sched.step()
    print(f"epoch {epoch} train mse {sum(running) / len(running):.4f}")
with torch.no_grad():
    print(f"val mse {nn.functional.mse_loss(net(x_val), y_val):.4f}")
