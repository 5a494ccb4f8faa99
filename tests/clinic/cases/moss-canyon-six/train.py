import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)

SIZE = 24

# noisy "cells": one to three discs, mask of the discs
def make_cells(n):
    ys, xs = torch.meshgrid(torch.arange(SIZE).float(), torch.arange(SIZE).float(), indexing="ij")
    masks = torch.zeros(n, SIZE, SIZE)
    for i in range(n):
        for _ in range(int(torch.randint(1, 4, (1,)))):
            cx, cy = (torch.rand(2) * (SIZE - 8) + 4).tolist()
            r = float(torch.rand(1) * 3 + 3)
            masks[i] = torch.maximum(masks[i], ((xs - cx) ** 2 + (ys - cy) ** 2 < r * r).float())
    imgs = masks * 0.9 + 0.5 * torch.randn(n, SIZE, SIZE)
    imgs = (imgs - imgs.mean()) / imgs.std()
    return imgs.unsqueeze(1), masks.unsqueeze(1)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class MiniUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = block(1, 8)
        self.down2 = block(8, 16)
        self.up1 = block(24, 8)
        self.final = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        u = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.final(self.up1(torch.cat([a, u], 1)))


def iou(logits, m):
    p = logits > 0
    m = m > 0.5
    return ((p & m).sum() / (p | m).sum()).item()


x, m = make_cells(480)
xt, mt = make_cells(100)
model = MiniUNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-5, momentum=0.9)

for epoch in range(10):
    model.train()
    perm = torch.randperm(len(x))
    tot = 0
    for i in range(0, len(x), 16):
        idx = perm[i:i + 16]
        optimizer.zero_grad()
        loss = criterion(model(x[idx]), m[idx])
        loss.backward()
        optimizer.step()
        tot += loss.item()
    print(f"epoch {epoch + 1} loss {tot / (len(x) / 16):.4f}")

model.eval()
with torch.no_grad():
    out = model(xt)
print(f"test loss {criterion(out, mt).item():.4f} IoU {iou(out, mt):.3f}")
