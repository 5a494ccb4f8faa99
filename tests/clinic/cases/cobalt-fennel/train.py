import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

NUM_CLASSES = 3


class ShapesDataset(Dataset):
    """Grey images with discs (1) and squares (2) on a noisy background (0)."""

    def __init__(self, size, seed):
        self.rs = np.random.RandomState(seed)
        self.samples = [self.draw() for _ in range(size)]

    def draw(self):
        S = 24
        img = self.rs.normal(0.0, 0.15, (S, S))
        mask = np.zeros((S, S), dtype=np.int64)
        yy, xx = np.mgrid[:S, :S]
        for kind in self.rs.randint(1, 3, size=self.rs.randint(1, 4)):
            cy, cx = self.rs.randint(4, S - 4, size=2)
            r = self.rs.randint(2, 4)
            area = (yy - cy) ** 2 + (xx - cx) ** 2 <= r * r if kind == 1 else (abs(yy - cy) < r) & (abs(xx - cx) < r)
            mask[area] = kind
            img[area] = self.rs.normal(0.9 if kind == 1 else -0.9, 0.15, area.sum())
        return img.astype(np.float32)[None], mask

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        img, mask = self.samples[i]
        return torch.from_numpy(img), torch.from_numpy(mask)


class MiniUNet(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.d1 = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU())
        self.d2 = nn.Sequential(nn.Conv2d(c, 2 * c, 3, padding=1), nn.BatchNorm2d(2 * c), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.u1 = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU())
        self.final = nn.Conv2d(c, NUM_CLASSES, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        return self.final(self.u1(torch.cat([self.up(b), a], dim=1)))


def miou(model, loader):
    model.eval()
    inter, union = np.zeros(NUM_CLASSES), np.zeros(NUM_CLASSES)
    with torch.no_grad():
        for img, mask in loader:
            p = model(img).argmax(1)
            for c in range(NUM_CLASSES):
                inter[c] += ((p == c) & (mask == c)).sum().item()
                union[c] += ((p == c) | (mask == c)).sum().item()
    return inter / np.maximum(union, 1)


def main():
    torch.manual_seed(0)
    train_loader = DataLoader(ShapesDataset(320, 0), batch_size=16, shuffle=True)
    val_loader = DataLoader(ShapesDataset(80, 1), batch_size=40)
    model = MiniUNet()
    criterion = nn.CrossEntropyLoss(ignore_index=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(9):
        model.train()
        total = 0.0
        for img, mask in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(img), mask)
            loss.backward()
            optimizer.step()
            total += loss.item()
        iou = miou(model, val_loader)
        print("epoch %d loss %.4f mIoU %.3f per class %s" % (epoch, total / len(train_loader), iou.mean(), np.round(iou, 3)))


if __name__ == "__main__":
    main()
