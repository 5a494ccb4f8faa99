"""Fill in the unseen pixels of one thermogram with an untrained convolutional generator."""
import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--size", type=int, default=40)
ap.add_argument("--steps", type=int, default=450)
ap.add_argument("--keep", type=float, default=0.35, help="share of pixels the camera delivered")
ap.add_argument("--lr", type=float, default=6e-3)
ap.add_argument("--seed", type=int, default=3)
args = ap.parse_args()


def scene(n, g):
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, n), torch.linspace(-1, 1, n), indexing="ij")
    img = 0.45 + 0.15 * torch.sin(2.4 * xx + 1.1 * yy)
    for _ in range(7):
        cx, cy = (torch.rand(2, generator=g) * 1.6 - 0.8).tolist()
        s = 0.12 + 0.2 * torch.rand(1, generator=g).item()
        a = 0.5 * (torch.rand(1, generator=g).item() - 0.4)
        img = img + a * torch.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * s * s))
    img = img + 0.18 * ((xx + 0.3 * yy) > 0.25).float()
    return img.clamp(0.02, 0.98)[None, None]


class Up(nn.Module):
    def __init__(self, cin, cout, size):
        super().__init__()
        self.size = size
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1, padding_mode="reflect")
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, padding_mode="reflect")
        self.n1, self.n2 = nn.BatchNorm2d(cout), nn.BatchNorm2d(cout)

    def forward(self, h):
        h = F.interpolate(h, size=(self.size, self.size), mode="bilinear", align_corners=False)
        h = F.leaky_relu(self.n1(self.conv1(h)), 0.2)
        return F.leaky_relu(self.n2(self.conv2(h)), 0.2)


class Generator(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.body = nn.Sequential(Up(16, 32, n // 4), Up(32, 32, n // 2), Up(32, 24, n))
        self.out = nn.Conv2d(24, 1, 1)

    def forward(self, z):
        return torch.sigmoid(self.out(self.body(z)))


g = torch.Generator().manual_seed(args.seed)
torch.manual_seed(args.seed)
clean = scene(args.size, g)
observed = (torch.rand(clean.shape, generator=g) < args.keep).float()
reading = (clean + 0.02 * torch.randn(clean.shape, generator=g)) * observed
code = 0.5 * torch.randn(1, 16, args.size // 8, args.size // 8, generator=g)

net = Generator(args.size)
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
hidden = 1 - observed
smooth = None

for step in range(1, args.steps + 1):
    out = net(code)
    loss = ((out - reading) ** 2 * observed).sum() / observed.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        smooth = out.clone() if smooth is None else 0.95 * smooth + 0.05 * out
    if step % 50 == 0 or step == 1:
        with torch.no_grad():
            err = ((smooth - clean) ** 2 * hidden).sum() / hidden.sum()
        print(f"step {step:4d}  fit {loss.item():.5f}  unseen-pixel mse {err.item():.5f}  "
              f"psnr {-10 * math.log10(err.item()):.1f} dB")

fill = (reading.sum() / observed.sum()).expand_as(clean)
base = ((fill - clean) ** 2 * hidden).sum() / hidden.sum()
print(f"filling with the mean reading: mse {base.item():.5f}")
