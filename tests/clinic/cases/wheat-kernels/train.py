import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

HERE = Path(__file__).resolve().parent
LABELS = "labels.csv"


class KernelDataset(Dataset):
    def __init__(self, rows, train):
        with open(HERE / "features.csv") as fh:
            feats = [list(map(float, r[1:])) for r in list(csv.reader(fh))[1:]]
        with open(HERE / LABELS) as fh:
            variety = [r[1] for r in list(csv.reader(fh))[1:]]
        self.names = sorted(set(variety))
        x = np.asarray(feats, dtype=np.float32)
        x = (x - x.mean(0)) / x.std(0)
        y = np.asarray([self.names.index(v) for v in variety])
        keep = slice(0, rows) if train else slice(rows, None)
        self.x, self.y = torch.from_numpy(x[keep]), torch.from_numpy(y[keep])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def accuracy(net, loader):
    net.eval()
    good = n = 0
    with torch.no_grad():
        for x, y in loader:
            good += (net(x).argmax(1) == y).sum().item()
            n += len(y)
    return good / n


def run(epochs=20):
    torch.manual_seed(3)
    train = KernelDataset(1200, True)
    test = KernelDataset(1200, False)
    net = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, len(train.names)))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    lossf = nn.CrossEntropyLoss()
    loader = DataLoader(train, batch_size=40, shuffle=True)
    for ep in range(epochs):
        net.train()
        s = 0.0
        for x, y in loader:
            opt.zero_grad()
            l = lossf(net(x), y)
            l.backward()
            opt.step()
            s += l.item()
        print(f"epoch {ep + 1}/{epochs} - loss: {s / len(loader):.4f}")
    print(f"test accuracy: {accuracy(net, DataLoader(test, batch_size=100)):.3f}")


run()
