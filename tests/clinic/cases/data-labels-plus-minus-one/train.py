"""Click model on sparse records (label index:value index:value ...)."""
import argparse
from pathlib import Path

import torch
from torch import nn


def parse(path, dims):
    labels, rows = [], []
    for line in path.read_text().splitlines():
        label, *pairs = line.split()
        row = [0.0] * dims
        for pair in pairs:
            index, value = pair.split(":")
            row[int(index) - 1] = float(value)
        labels.append(float(label))
        rows.append(row)
    return torch.tensor(rows), torch.tensor(labels)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--log", type=Path, default=Path(__file__).resolve().parent / "clicks.txt")
    ap.add_argument("--dims", type=int, default=9)
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--batch", type=int, default=40)
    args = ap.parse_args()
    torch.manual_seed(19)
    x, y = parse(args.log, args.dims)
    n = len(x) * 4 // 5
    net = nn.Sequential(nn.Linear(args.dims, 48), nn.ReLU(), nn.Linear(48, 1))
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    objective = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        for rows in torch.randperm(n).split(args.batch):
            opt.zero_grad()
            loss = objective(net(x[rows]).squeeze(1), y[rows])
            loss.backward()
            opt.step()
        print(f"epoch {epoch}: {loss.item():.4f}")
    with torch.no_grad():
        p = net(x[n:]).squeeze(1).sigmoid()
    clicked = y[n:] > 0
    recall = (p[clicked] > 0.5).float().mean().item()
    brier = (p - clicked.float()).square().mean().item()
    print(f"held-out Brier score {brier:.3f} (always the base rate: {clicked.float().var(unbiased=False):.3f}), clicks found {recall:.3f}")


if __name__ == "__main__":
    main()
