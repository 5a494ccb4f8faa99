# Binary mask prediction on small "scan" images, light U-Net
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
IMG = 32


def make_scans(n, gen):
    yy, xx = torch.meshgrid(torch.arange(IMG).float(), torch.arange(IMG).float(), indexing="ij")
    imgs, masks = [], []
    for _ in range(n):
        base = 0.15 * torch.randn(IMG, IMG, generator=gen)
        tilt = torch.rand(1, generator=gen).item() * 2 * math.pi
        base += 0.3 * (math.cos(tilt) * (xx - 16) + math.sin(tilt) * (yy - 16)) / 16
        m = torch.zeros(IMG, IMG)
        cx, cy = (6 + 20 * torch.rand(2, generator=gen)).tolist()
        a, b = (2 + 2 * torch.rand(2, generator=gen)).tolist()
        m = torch.maximum(m, (((xx - cx) / a) ** 2 + ((yy - cy) / b) ** 2 < 1).float())
        imgs.append(base + 0.7 * m)
        masks.append(m)
    return torch.stack(imgs).unsqueeze(1), torch.stack(masks).unsqueeze(1)


def conv_bn_relu(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class Down(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.body = nn.Sequential(nn.MaxPool2d(2), conv_bn_relu(cin, cout), conv_bn_relu(cout, cout))

    def forward(self, x):
        return self.body(x)


class Up(nn.Module):
    def __init__(self, cin, skip, cout):
        super().__init__()
        self.up = nn.ConvTranspose2d(cin, cout, 2, 2)
        self.body = conv_bn_relu(cout + skip, cout)

    def forward(self, x, s):
        return self.body(torch.cat([self.up(x), s], dim=1))


class UNet(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.inc = conv_bn_relu(1, ch)
        self.d1 = Down(ch, ch * 2)
        self.d2 = Down(ch * 2, ch * 4)
        self.u1 = Up(ch * 4, ch * 2, ch * 2)
        self.u2 = Up(ch * 2, ch, ch)
        self.outc = nn.Sequential(nn.Conv2d(ch, 1, kernel_size=1), nn.ReLU())

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.d1(x1)
        x3 = self.d2(x2)
        return self.outc(self.u2(self.u1(x3, x2), x1))


def scores(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x)
        p = (torch.sigmoid(out) >= 0.5).float()
    net.train()
    inter = (p * y).sum()
    dice = 2 * inter / (p.sum() + y.sum() + 1e-6)
    iou = inter / ((p + y) > 0).float().sum().clamp(min=1)
    return F.binary_cross_entropy_with_logits(out, y).item(), dice.item(), iou.item()


gen = torch.Generator().manual_seed(20)
xtr, ytr = make_scans(320, gen)
xva, yva = make_scans(80, gen)
print("foreground share: %.3f" % ytr.mean().item())

net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
loss_fn = nn.BCEWithLogitsLoss()
bs = 16

for epoch in range(1, 13):
    running = 0.0
    for idx in torch.randperm(len(xtr)).split(bs):
        opt.zero_grad()
        loss = loss_fn(net(xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
        running += loss.item() * len(idx)
    if epoch % 3 == 0:
        vl, d, i = scores(net, xva, yva)
        print(f"epoch {epoch:2d}  train {running / len(xtr):.4f}  val {vl:.4f}  dice {d:.3f}  iou {i:.3f}")
