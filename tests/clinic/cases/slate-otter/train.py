# Buoy finder: where is the buoy in a night-vision frame, and how big does it look?
import argparse
import time

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

H, W = 24, 32


def render(rng):
    """Irradiance of one frame, 0..1, with the box (cx, cy, w, h) in relative units."""
    yy, xx = np.mgrid[0:H, 0:W]
    horizon = rng.uniform(6, 12)
    frame = 0.25 + 0.15 / (1 + np.exp(-(yy - horizon)))
    frame = frame + 0.05 * np.sin(xx * rng.uniform(0.2, 0.6) + yy * rng.uniform(0.5, 1.2) + rng.uniform(0, 6))
    w, h = rng.uniform(2.5, 6), rng.uniform(3, 8)
    cx, cy = rng.uniform(4, W - 4), rng.uniform(5, H - 5)
    inside = ((xx - cx) / w * 2) ** 2 + ((yy - cy) / h * 2) ** 2
    frame = frame + 0.45 * np.exp(-inside ** 2)
    frame = frame + 0.03 * rng.standard_normal((H, W))
    return np.clip(frame, 0.0, 0.97), (cx / W, cy / H, w / W, h / H)


class FrameStore(Dataset):
    """Frames are kept in bytes, they take a quarter of the memory."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.pixels = np.zeros((n, H, W), dtype=np.uint8)
        self.boxes = np.zeros((n, 4), dtype=np.float32)
        for i in range(n):
            self.pixels[i], self.boxes[i] = render(rng)

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, i):
        frame = torch.from_numpy(self.pixels[i]).float().unsqueeze(0)
        return (frame - 85.0) / 45.0, torch.from_numpy(self.boxes[i])


def conv_block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(), nn.MaxPool2d(2))


class BuoyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(conv_block(1, 8), conv_block(8, 16), conv_block(16, 32))
        self.neck = nn.Sequential(nn.Flatten(), nn.Linear(32 * 3 * 4, 64), nn.ReLU())
        self.centre = nn.Linear(64, 2)
        self.size = nn.Linear(64, 2)

    def forward(self, x):
        z = self.neck(self.backbone(x))
        return torch.cat([self.centre(z).sigmoid(), self.size(z).sigmoid()], dim=1)


def iou(a, b):
    lo = torch.maximum(a[:, :2] - a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2)
    hi = torch.minimum(a[:, :2] + a[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2)
    inter = (hi - lo).clamp(min=0).prod(1)
    return inter / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - inter)


def evaluate(net, loader):
    net.eval()
    overlaps, miss = [], []
    with torch.no_grad():
        for frame, box in loader:
            pred = net(frame)
            overlaps.append(iou(pred, box))
            miss.append(((pred[:, :2] - box[:, :2]) * torch.tensor([W, H])).norm(dim=1))
    return torch.cat(overlaps).mean().item(), torch.cat(miss).mean().item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=5)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    train = DataLoader(FrameStore(2000, 50), batch_size=50, shuffle=True)
    test = DataLoader(FrameStore(400, 51), batch_size=100)
    net = BuoyNet()
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    huber = nn.SmoothL1Loss(beta=0.05)
    started = time.time()
    for epoch in range(args.epochs):
        net.train()
        running = 0.0
        for frame, box in train:
            loss = huber(net(frame), box)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item()
        overlap, miss = evaluate(net, test)
        print(f"epoch {epoch:2d} [{time.time() - started:4.1f}s] huber {running / len(train):.4f} "
              f"test IoU {overlap:.3f} centre off by {miss:.2f} px")
