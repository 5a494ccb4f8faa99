"""Flag insurance claims for manual review."""
import argparse
import csv
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent


def read_claims(path):
    with open(path, newline="") as fh:
        rows = list(csv.reader(fh))
    data = torch.tensor([[float(v) for v in r] for r in rows[1:]])
    return data[:, :-1], data[:, -1]


def report(model, x, y):
    model.eval()
    with torch.no_grad():
        flagged = model(x).squeeze(1) > 0
    tp = (flagged & (y == 1)).sum().item()
    tn = (~flagged & (y == 0)).sum().item()
    model.train()
    return {
        "accuracy": (tp + tn) / len(y),
        "recall": tp / max(1, int(y.sum())),
        "balanced": 0.5 * (tp / max(1, int(y.sum())) + tn / max(1, int((1 - y).sum()))),
        "flagged": int(flagged.sum()),
    }


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default=str(HERE / "claims.csv"))
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=7)
    args = p.parse_args()

    torch.manual_seed(args.seed)
    x, y = read_claims(args.data)
    split = torch.randperm(len(x))
    n_val = len(x) // 3
    val, trn = split[:n_val], split[n_val:]
    mean, std = x[trn].mean(0), x[trn].std(0)
    x = (x - mean) / std

    model = nn.Sequential(nn.Linear(x.shape[1], 24), nn.ReLU(), nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 1))
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.BCEWithLogitsLoss()

    for epoch in range(args.epochs):
        order = trn[torch.randperm(len(trn))]
        total = 0.0
        for i in range(0, len(order), args.batch_size):
            idx = order[i:i + args.batch_size]
            opt.zero_grad()
            loss = criterion(model(x[idx]).squeeze(1), y[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        r = report(model, x[val], y[val])
        print(f"epoch {epoch + 1:2d} loss {total / len(trn):.4f} val acc {r['accuracy']:.3f} "
              f"recall {r['recall']:.3f} balanced acc {r['balanced']:.3f} flagged {r['flagged']}")


if __name__ == "__main__":
    main()
