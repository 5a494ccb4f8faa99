"""Texture classification: a fixed bank of oriented filters as backbone, only the head is trained."""
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)


def gabor(angle, freq, size=7):
    ax = torch.arange(size).float() - size // 2
    yy, xx = torch.meshgrid(ax, ax, indexing="ij")
    along = xx * math.cos(angle) + yy * math.sin(angle)
    kernel = torch.exp(-(xx ** 2 + yy ** 2) / 8) * torch.cos(2 * math.pi * freq * along)
    return (kernel - kernel.mean()) / kernel.norm()


def texture(n, size=20):
    label = torch.randint(0, 4, (n,))
    ax = torch.arange(size).float()
    yy, xx = torch.meshgrid(ax, ax, indexing="ij")
    angle = label.float() * math.pi / 4 + 0.15 * torch.randn(n)
    along = angle.cos()[:, None, None] * xx + angle.sin()[:, None, None] * yy
    wave = torch.cos(2 * math.pi * 0.2 * along + 2 * math.pi * torch.rand(n, 1, 1))
    return (wave + 1.5 * torch.randn(n, size, size)).unsqueeze(1), label


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        bank = [gabor(k * math.pi / 8, f) for k in range(8) for f in (0.12, 0.2, 0.3)]
        self.conv = nn.Conv2d(1, len(bank), 7, bias=False)
        self.conv.weight.data = torch.stack(bank).unsqueeze(1)
        self.width = len(bank)

    def forward(self, x):
        return self.conv(x).abs().mean((2, 3)).log()


backbone = Backbone()
for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()
head = nn.Sequential(nn.BatchNorm1d(backbone.width), nn.Linear(backbone.width, 32), nn.ReLU(), nn.Linear(32, 4))
model = nn.Sequential(backbone, head)

loader = DataLoader(TensorDataset(*texture(1600)), batch_size=32, shuffle=True)
x_val, y_val = texture(300)
optimizer = torch.optim.Adam(head.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    head.train()
    losses = []
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    head.eval()
    with torch.no_grad():
        acc = (model(x_val).argmax(1) == y_val).float().mean()
    print(f"epoch {epoch}: first batch {losses[0]:.3f} mean {sum(losses) / len(losses):.3f} val acc {acc:.3f}")
