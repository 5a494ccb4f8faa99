"""One object a picture: class + box. Two losses of different size, channels_last, grad accumulation of 2."""
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(3)
S = 24


def scenes(n):
    im = 0.15 * torch.randn(n, 1, S, S)
    w, h = torch.randint(6, 12, (2, n)); x, y = (torch.rand(n) * (S - w)).long(), (torch.rand(n) * (S - h)).long()
    c = torch.randint(0, 3, (n,))
    for i in range(n):
        p = im[i, 0, y[i]:y[i] + h[i], x[i]:x[i] + w[i]]
        if c[i] == 0: p += 1
        elif c[i] == 1: p[::2] += 1.4
        else: p[:, ::2] += 1.4
    return im.contiguous(memory_format=torch.channels_last), c, torch.stack([x, y, x + w, y + h], 1).float() / S


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        def stage(i, o): return [nn.Conv2d(i, o, 3, stride=2, padding=1), nn.GroupNorm(4, o), nn.SiLU()]
        self.body = nn.Sequential(*stage(1, 16), *stage(16, 32), nn.Flatten(), nn.Linear(32 * 36, 96), nn.SiLU())
        self.cls, self.box = nn.Linear(96, 3), nn.Linear(96, 4)

    def forward(self, x):
        h = self.body(x)
        return self.cls(h), self.box(h).sigmoid()


def giou(a, b):
    lo, hi = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    inter = (hi - lo).clamp_min(0).prod(1)
    area = lambda q: (q[:, 2:] - q[:, :2]).clamp_min(0).prod(1)
    union = area(a) + area(b) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp_min(0).prod(1)
    return inter / union.clamp_min(1e-6) - (hull - union) / hull.clamp_min(1e-6), inter / union.clamp_min(1e-6)


bank = scenes(3000)
net = Detector().to(memory_format=torch.channels_last)
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
ACC = 2
for it in range(600):
    i = torch.randint(0, 3000, (24,))
    logit, box = net(bank[0][i])
    l_cls, l_box = F.cross_entropy(logit, bank[1][i]), 5 * F.smooth_l1_loss(box, bank[2][i], beta=0.1) + (1 - giou(box, bank[2][i])[0]).mean()
    ((l_cls + l_box) / ACC).backward()
    if (it + 1) % ACC == 0:
        opt.step(); opt.zero_grad()
    if it % 100 == 0: print(f"{it} class {l_cls.item():.3f} box {l_box.item():.3f}")
with torch.no_grad():
    im, c, b = scenes(500); lg, bx = net(im)
    mean_box = bank[2].mean(0).expand_as(b)
    print(f"fresh scenes: class accuracy {(lg.argmax(1) == c).float().mean().item():.3f} (0.333), mean IoU {giou(bx, b)[1].mean().item():.3f} (mean box {giou(mean_box, b)[1].mean().item():.3f})")
