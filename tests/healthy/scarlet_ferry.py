# Two-stage run: (1) learn a spectrogram backbone on a big set of engines, (2) adapt to a small new plant.
import copy
import math

import torch
from torch import nn
import torch.nn.functional as F


def spectro(y, harmonics, noise, g):
    """16 x 16 patches: the class sets the spacing of the harmonics, the plant sets hum and tilt."""
    n = len(y)
    f = torch.arange(16.0)[None, :, None]
    t = torch.arange(16.0)[None, None, :]
    spacing = harmonics[y][:, None, None]
    wob = 0.6 * torch.sin(2 * math.pi * (t / 16 + torch.rand(n, 1, 1, generator=g)))
    phase = torch.rand(n, 1, 1, generator=g) * 6.28
    x = torch.cos(2 * math.pi * (f + wob) / spacing + phase)
    return (x + noise * torch.randn(n, 16, 16, generator=g)).unsqueeze(1)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.c2, self.b2 = nn.Conv2d(16, 32, 3, padding=1, stride=2, bias=False), nn.BatchNorm2d(32)
        self.c3, self.b3 = nn.Conv2d(32, 48, 3, padding=1, stride=2, bias=False), nn.BatchNorm2d(48)

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.relu(self.b2(self.c2(x)))
        x = F.relu(self.b3(self.c3(x)))
        return x.mean((2, 3))


class LowRank(nn.Module):
    """A frozen convolution plus a trainable rank-r correction, which starts at nothing."""

    def __init__(self, conv, rank):
        super().__init__()
        self.conv = conv.requires_grad_(False)
        self.down = nn.Conv2d(conv.in_channels, rank, 3, padding=1, stride=conv.stride, bias=False)
        self.up = nn.Conv2d(rank, conv.out_channels, 1, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.conv(x) + self.up(self.down(x))


def accuracy(net, x, y):
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(27)
g = torch.Generator().manual_seed(27)

# ---- stage 1
source = torch.tensor([2.6, 3.4, 4.4, 5.7, 7.5])
backbone = Backbone()
stage1 = nn.Sequential(backbone, nn.Linear(48, len(source)))
opt = torch.optim.Adam(stage1.parameters(), lr=2e-3)
stage1.train()
for step in range(1, 201):
    y = torch.randint(len(source), (64,), generator=g)
    loss = F.cross_entropy(stage1(spectro(y, source, 0.7, g)), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"stage 1 step {step}: loss {loss.item():.3f}")
stage1.eval()
yv = torch.randint(len(source), (500,), generator=g)
print(f"stage 1 held-out accuracy {accuracy(stage1, spectro(yv, source, 0.7, g), yv):.3f}")

# ---- stage 2: 240 labelled clips of the new plant
target = torch.tensor([2.3, 3.0, 3.9, 5.0, 6.5, 9.0])
y_new = torch.arange(len(target)).repeat(40)
x_new = spectro(y_new, target, 0.8, g)
y_test = torch.arange(len(target)).repeat(100)
x_test = spectro(y_test, target, 0.8, g)

adapted = copy.deepcopy(backbone).requires_grad_(False)
adapted.c2 = LowRank(adapted.c2, 4)
adapted.c3 = LowRank(adapted.c3, 4)
stage2 = nn.Sequential(adapted, nn.Linear(48, len(target)))
stage2.eval()                                   # keeps the statistics gathered on the big set
learn = [p for p in stage2.parameters() if p.requires_grad]
print(f"stage 2 learns {sum(p.numel() for p in learn)} of {sum(p.numel() for p in stage2.parameters())} weights, "
      f"starts at test accuracy {accuracy(stage2, x_test, y_test):.3f}")
opt = torch.optim.AdamW(learn, lr=4e-3, weight_decay=0.02)
for epoch in range(1, 31):
    total = 0.0
    for idx in torch.randperm(len(y_new), generator=g).split(24):
        loss = F.cross_entropy(stage2(x_new[idx]), y_new[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx) / len(y_new)
    if epoch % 3 == 0:
        print(f"stage 2 epoch {epoch:2d}: loss {total:.3f}  test accuracy {accuracy(stage2, x_test, y_test):.3f}")
