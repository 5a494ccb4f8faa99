import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Stations(Dataset):
    """Hourly station records, one row per station and hour."""

    def __init__(self, path, part):
        table = np.genfromtxt(path, delimiter=",", names=True, dtype=np.float32)
        feats = [n for n in table.dtype.names if n != "rain"]
        x = np.stack([table[n] for n in feats], axis=1)
        y = table["rain"]
        keep = np.arange(len(x)) % 5 == 0
        if part == "train":
            keep = ~keep
        self.x, self.y = torch.from_numpy(x[keep]), torch.from_numpy(y[keep])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class RainNet(nn.Module):
    def __init__(self, n_in, width):
        super().__init__()
        self.fc1 = nn.Linear(n_in, width)
        self.fc2 = nn.Linear(width, width)
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.head(x).squeeze(-1)


def accuracy(net, loader):
    net.eval()
    right = n = 0
    with torch.no_grad():
        for x, y in loader:
            right += ((net(x) > 0).float() == y).sum().item()
            n += len(y)
    net.train()
    return right / n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--csv", default="stations.csv")
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--width", type=int, default=40)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()

    torch.manual_seed(args.seed)
    train, held = Stations(args.csv, "train"), Stations(args.csv, "held")
    loader = DataLoader(train, args.batch_size, shuffle=True, drop_last=True)
    held_loader = DataLoader(held, 256)
    base = max(held.y.mean().item(), 1 - held.y.mean().item())
    print(f"{len(train)} training rows, {len(held)} held-out rows, majority {base:.3f}")

    net = RainNet(train.x.shape[1], args.width)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        losses = []
        for x, y in loader:
            loss = bce(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        if (epoch + 1) % 2 == 0:
            print(f"[{epoch + 1}] loss {np.mean(losses):.4f}  held-out accuracy {accuracy(net, held_loader):.3f}")


if __name__ == "__main__":
    main()
