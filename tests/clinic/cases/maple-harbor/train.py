import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

ROOT = Path(__file__).parent / "data"


class Spectra(Dataset):
    def __init__(self, root):
        self.x = np.load(root / "spectra.npy").astype(np.float32)
        with open(root / "labels.csv") as f:
            self.y = [int(r["mineral"]) for r in csv.DictReader(f)]
        assert len(self.x) == len(self.y)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i])[None], self.y[i]


class PeakNet(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 12, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(12, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2))
        self.classifier = nn.Linear(16 * 12, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def evaluate(net, loader):
    net.eval()
    hit = tot = 0
    with torch.no_grad():
        for x, y in loader:
            hit += (net(x).argmax(1) == y).sum().item()
            tot += len(y)
    net.train()
    return hit / tot


def main():
    torch.manual_seed(0)
    ds = Spectra(ROOT)
    perm = torch.randperm(len(ds)).tolist()
    train = DataLoader(Subset(ds, perm[:960]), batch_size=32, shuffle=True)
    val = DataLoader(Subset(ds, perm[960:]), batch_size=120)
    net = PeakNet()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(9):
        total = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = loss_fn(net(x), y)
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train):.4f} val_acc {evaluate(net, val):.3f}")


if __name__ == "__main__":
    main()
