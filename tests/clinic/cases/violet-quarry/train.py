from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Options:
    file: Path = Path(__file__).parent / "data" / "cells.npz"
    classes: int = 2
    void_label: int = 255
    width: int = 12
    lr: float = 3e-3
    batch: int = 16
    epochs: int = 15
    holdout: int = 60


class SegNet(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
                                  nn.MaxPool2d(2),
                                  nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.head = nn.Conv2d(width + 1, classes, 3, padding=1)

    def forward(self, x):
        h = torch.relu(self.up(self.down(x)))
        return self.head(torch.cat([h, x], 1))


class Trainer:
    def __init__(self, opt):
        self.o = opt
        z = np.load(opt.file)
        x = torch.from_numpy(z["image"]).float()[:, None] / 255.0
        x = (x - x.mean()) / x.std()
        m = torch.from_numpy(z["mask"]).long()
        h = opt.holdout
        self.loader = DataLoader(TensorDataset(x[h:], m[h:]), batch_size=opt.batch, shuffle=True)
        self.test = x[:h], m[:h]
        self.net = SegNet(opt.width, opt.classes)
        self.crit = nn.CrossEntropyLoss(ignore_index=opt.void_label)
        self.optim = torch.optim.AdamW(self.net.parameters(), lr=opt.lr)

    def iou(self):
        self.net.eval()
        with torch.no_grad():
            p = self.net(self.test[0]).argmax(1) == 1
        self.net.train()
        t = self.test[1] > 0
        return ((p & t).sum() / (p | t).sum().clamp(min=1)).item()

    def fit(self):
        for ep in range(self.o.epochs):
            s = 0.0
            for x, m in self.loader:
                self.optim.zero_grad()
                loss = self.crit(self.net(x), m)
                loss.backward()
                self.optim.step()
                s += loss.item()
            print(f"[{ep:02d}] loss={s / len(self.loader):.5f} iou={self.iou():.3f}")


if __name__ == "__main__":
    torch.manual_seed(1)
    Trainer(Options()).fit()
