"""Orientation of textile weave patches, 16x16 grey images, 8 classes. Encoder and head kept apart for later reuse."""
import argparse
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Weave(Dataset):
    def __init__(self, n, seed, size=16, classes=8):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, classes, (n,), generator=g)
        ang = (self.y + 0.3 * torch.randn(n, generator=g)) * math.pi / classes
        freq = 0.7 + 0.5 * torch.rand(n, generator=g)
        ph = 6.2832 * torch.rand(n, generator=g)
        r = torch.arange(size).float()
        yy, xx = torch.meshgrid(r, r, indexing="ij")
        ang, freq, ph = (v.view(-1, 1, 1) for v in (ang, freq, ph))
        img = torch.cos(freq * (xx * ang.cos() + yy * ang.sin()) + ph) + 0.6 * torch.randn(n, size, size, generator=g)
        self.x = img.unsqueeze(1)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Unit(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
            nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    def forward(self, x):
        return self.f(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.units = nn.Sequential(Unit(1, 12, 1), Unit(12, 16, 2), Unit(16, 16, 1), Unit(16, 24, 2), Unit(24, 24, 1))

    def forward(self, x):
        return self.units(x).mean((2, 3))


class Classifier(nn.Module):
    def __init__(self, classes=8):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, classes))

    def train(self, mode=True):
        super().train(mode)
        self.encoder.train(False)
        return self

    def forward(self, x):
        return self.head(self.encoder(x))


def evaluate(model, loader):
    model.eval()
    loss = hit = n = 0
    with torch.no_grad():
        for x, y in loader:
            z = model(x)
            loss += F.cross_entropy(z, y, reduction="sum").item()
            hit += (z.argmax(1) == y).sum().item()
            n += len(y)
    return loss / n, hit / n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=7)
    p.add_argument("--batch-size", type=int, default=40)
    p.add_argument("--lr", type=float, default=0.05)
    a = p.parse_args()
    torch.manual_seed(2)
    train = DataLoader(Weave(1800, 1), a.batch_size, shuffle=True)
    val = DataLoader(Weave(400, 2), 100)
    model = Classifier()
    opt = torch.optim.SGD(model.parameters(), lr=a.lr, momentum=0.9, weight_decay=5e-4)
    for epoch in range(a.epochs):
        model.train()
        run = 0.0
        for i, (x, y) in enumerate(train):
            loss = F.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            run += loss.item()
        vl, va = evaluate(model, val)
        print(f"epoch {epoch} train {run / len(train):.4f} val {vl:.4f} acc {va:.3f}")


if __name__ == "__main__":
    main()
