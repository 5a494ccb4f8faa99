import copy

import torch
import torch.nn as nn

torch.manual_seed(31)


def friedman(n):
    x = torch.rand(n, 8)
    y = 10 * torch.sin(torch.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x * 2 - 1, ((y - 14.4) / 4.9 + 0.05 * torch.randn(n)).unsqueeze(1)


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 64), nn.Linear(64, 64), nn.Linear(64, 1)])

    def forward(self, x):
        for l in self.layers[:-1]:
            x = nn.functional.silu(l(x))
        return self.layers[-1](x)


class EMA:
    def __init__(self, net, decay=0.98):
        self.shadow = copy.deepcopy(net)
        self.decay = decay

    @torch.no_grad()
    def update(self, net):
        for s, p in zip(self.shadow.parameters(), net.parameters()):
            s.lerp_(p, 1 - self.decay)

    def zero_grad(self):
        self.shadow.zero_grad()


X, Y = friedman(2048)
Xv, Yv = friedman(512)
model = Regressor()
ema = EMA(model)
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=320)
for epoch in range(10):
    run = 0.0
    for xb, yb in zip(*(t[perm].split(64) for perm in [torch.randperm(2048)] for t in (X, Y))):
        ema.zero_grad()
        loss = nn.functional.smooth_l1_loss(model(xb), yb)
        loss.backward()
        opt.step()
        ema.update(model)
        sched.step()
        run += loss.item()
    print(f'epoch {epoch} | huber {run / 32:.4f} | lr {sched.get_last_lr()[0]:.4f}')
with torch.no_grad():
    r2 = 1 - ((ema.shadow(Xv) - Yv) ** 2).mean() / Yv.var()
print(f'validation R2 (EMA weights) {r2:.3f}')
