"""Make a texture by optimising an image: only pixels move."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--size", type=int, default=48)
ap.add_argument("--steps", type=int, default=400)
ap.add_argument("--lr", type=float, default=0.06)
ap.add_argument("--tv", type=float, default=1e-3)
opts = ap.parse_args()
torch.manual_seed(9)


def weave(size):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    a = ((xx + yy) // 4 % 2).float()
    b = ((xx - yy) // 6 % 2).float()
    img = torch.stack([a, 0.5 * a + 0.5 * b, 1 - b])
    return (img + 0.05 * torch.randn(img.shape)).clamp(0, 1)[None]


class RandomFilters(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList([
            nn.Conv2d(3, 24, 5, padding=2, padding_mode="circular"),
            nn.Conv2d(24, 32, 5, padding=2, padding_mode="circular"),
        ])
        for s in self.stages:
            nn.init.orthogonal_(s.weight.view(s.out_channels, -1), gain=2 ** 0.5)
            nn.init.zeros_(s.bias)
        self.eval()
        for p in self.parameters():
            p.requires_grad_(False)

    def forward(self, x):
        out = [x]
        for s in self.stages:
            x = F.relu(s(x))
            out.append(x)
            x = F.avg_pool2d(x, 2)
        return out


def gram(f):
    _, c, h, w = f.shape
    f = f.reshape(c, h * w)
    return f @ f.T / (h * w)


filters, judge = RandomFilters(), RandomFilters()
reference = weave(opts.size)
targets = [gram(f) for f in filters(reference)]
canvas = nn.Parameter(torch.randn(1, 3, opts.size, opts.size) * 0.2)
optimizer = torch.optim.Adam([canvas], lr=opts.lr)


@torch.no_grad()
def compare(img):
    out = []
    for bank in (filters, judge):
        pairs = zip(bank(img)[1:], bank(reference)[1:])
        out.append(sum(((gram(a) - gram(b)).norm() / gram(b).norm()).item() for a, b in pairs) / 2)
    return tuple(out)


print("start  gram error fitted bank %.4f  other bank %.4f" % compare(torch.sigmoid(canvas)))
for step in range(1, opts.steps + 1):
    img = torch.sigmoid(canvas)
    style = sum((gram(f) - t).pow(2).sum() / t.pow(2).sum() for f, t in zip(filters(img), targets))
    tv = (img[..., 1:] - img[..., :-1]).abs().mean() + (img[..., 1:, :] - img[..., :-1, :]).abs().mean()
    loss = style + opts.tv * tv
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step:3d}  loss {loss.item():.5f}" + "  gram error fitted bank %.4f  other bank %.4f" % compare(torch.sigmoid(canvas)))
