"""Find tracer spots in scintigraphy tiles (pixel-wise spot / background)."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

SIZE = 24


def make_tiles(n, seed, spots=2):
    """Every tile shows bright spots; the tracer runs a little hotter than plain clutter."""
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    slope = torch.randn(n, 2, generator=g) * 0.02
    tiles = slope[:, 0, None, None] * (yy - 12) + slope[:, 1, None, None] * (xx - 12)
    tiles = tiles + 0.4 * torch.randn(n, SIZE, SIZE, generator=g)
    masks = torch.zeros(n, SIZE, SIZE, dtype=torch.bool)
    for _ in range(spots):
        centre = torch.rand(n, 2, generator=g) * (SIZE - 8) + 4
        r2 = (yy - centre[:, 0, None, None]) ** 2 + (xx - centre[:, 1, None, None]) ** 2
        tracer = torch.rand(n, generator=g) < 0.15
        heat = 1.8 + 0.55 * tracer.float() + 0.5 * torch.randn(n, generator=g)
        tiles = tiles + heat[:, None, None] * torch.exp(-r2 / 6.0)
        masks |= (r2 < 6.0) & tracer[:, None, None]
    return tiles.unsqueeze(1), masks.long()


class DoubleConv(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(),
                         nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU())


class SmallUNet(nn.Module):
    def __init__(self, classes=2, base=8):
        super().__init__()
        self.stem = nn.Conv2d(1, base, 5, padding=2)
        self.down1 = DoubleConv(base, base)
        self.down2 = DoubleConv(base, 2 * base)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.merge = DoubleConv(2 * base, base)
        self.head = nn.Conv2d(base, classes, 1)

    def forward(self, x):
        a = self.down1(self.stem(x))
        b = self.down2(F.max_pool2d(a, 2))
        return self.head(self.merge(torch.cat([a, self.up(b)], dim=1)))


def metrics(net, tiles, masks):
    net.eval()
    with torch.no_grad():
        logits = torch.cat([net(t) for t in tiles.split(100)])
    net.train()
    pred = logits.argmax(1)
    tp = ((pred == 1) & (masks == 1)).sum().item()
    fp = ((pred == 1) & (masks == 0)).sum().item()
    fn = ((pred == 0) & (masks == 1)).sum().item()
    recall, precision = tp / max(tp + fn, 1), tp / max(tp + fp, 1)
    dice = 2 * tp / max(2 * tp + fp + fn, 1)
    return (pred == masks).float().mean().item(), recall, precision, dice


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=300)
    ap.add_argument("--batch", type=int, default=32)
    ap.add_argument("--lr", type=float, default=2e-3)
    a = ap.parse_args()
    torch.manual_seed(2)

    tiles, masks = make_tiles(2000, 31)
    test_tiles, test_masks = make_tiles(400, 32)
    net = SmallUNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=a.lr)

    running = 0.0
    for step in range(1, a.steps + 1):
        pick = torch.randint(0, len(tiles), (a.batch,))
        x, y = tiles[pick], masks[pick]
        if torch.rand(1) < 0.5:
            x, y = x.flip(-1), y.flip(-1)
        if torch.rand(1) < 0.5:
            x, y = x.flip(-2), y.flip(-2)
        loss = criterion(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
        if step % 50 == 0:
            acc, rec, prec, dice = metrics(net, test_tiles, test_masks)
            print(f"step {step:4d}  loss {running / 50:.4f}  test: pixel acc {acc:.4f}  "
                  f"spot recall {rec:.3f}  precision {prec:.3f}  dice {dice:.3f}")
            running = 0.0


if __name__ == "__main__":
    main()
