import argparse
import os

import h5py
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

FIELDS = ("t2m", "rh", "msl", "u10", "v10", "cape", "sst", "tcc")


class StormCells(Dataset):
    def __init__(self, path):
        with h5py.File(path, "r") as f:
            cols = [f["fields"][name][:].astype(np.float64) for name in FIELDS]
            self.storm = f["storm"][:].astype(np.int64)
        self.table = np.stack(cols, axis=1)

    def standardize(self, mean, std):
        self.table = (self.table - mean) / std
        return self

    def __len__(self):
        return len(self.storm)

    def __getitem__(self, i):
        return torch.tensor(self.table[i], dtype=torch.float32), int(self.storm[i])


class Net(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        layers, d = [], len(FIELDS)
        for _ in range(depth):
            layers += [nn.Linear(d, width), nn.ReLU()]
            d = width
        self.trunk = nn.Sequential(*layers)
        self.out = nn.Linear(d, 2)

    def forward(self, x):
        return self.out(self.trunk(x))


@torch.no_grad()
def evaluate(net, loader):
    net.eval()
    hit = n = 0
    loss = 0.0
    for x, y in loader:
        z = net(x)
        loss += F.cross_entropy(z, y, reduction="sum").item()
        hit += (z.argmax(1) == y).sum().item()
        n += len(y)
    net.train()
    return loss / n, hit / n


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "era_cells.h5"))
    p.add_argument("--width", type=int, default=40)
    p.add_argument("--depth", type=int, default=2)
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--batch-size", type=int, default=48)
    p.add_argument("--lr", type=float, default=2e-3)
    return p.parse_args()


def main():
    args = parse()
    torch.manual_seed(17)
    data = StormCells(args.data)
    idx = torch.randperm(len(data)).tolist()
    cut = int(0.8 * len(idx))
    tr, va = idx[:cut], idx[cut:]
    fit = data.table[tr]
    data.standardize(fit.mean(0), fit.std(0))

    train = DataLoader(torch.utils.data.Subset(data, tr), batch_size=args.batch_size, shuffle=True)
    valid = DataLoader(torch.utils.data.Subset(data, va), batch_size=256)
    net = Net(args.width, args.depth)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for ep in range(args.epochs):
        run = 0.0
        for x, y in train:
            loss = F.cross_entropy(net(x), y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            run += loss.item()
        vl, acc = evaluate(net, valid)
        if ep % 4 == 3:
            print("[%02d] train %.4f | valid %.4f | acc %.3f" % (ep + 1, run / len(train), vl, acc))


if __name__ == "__main__":
    main()
