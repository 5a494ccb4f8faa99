import argparse
import math

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split


def get_args():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--batch-size", type=int, default=40)
    ap.add_argument("--lr", type=float, default=4e-3)
    ap.add_argument("--warmup", type=int, default=30)
    ap.add_argument("--seed", type=int, default=1234)
    return ap.parse_args()


def synth(n):
    """Product reviews as bags of 50 word scores -> five stars, as classes."""
    x = torch.randn(n, 50)
    direction = torch.randn(50, 2) / 50 ** 0.5
    s = x @ direction
    stars = torch.bucketize(s[:, 0] + 0.5 * s[:, 1] ** 2 - 0.4 + 0.2 * torch.randn(n), torch.tensor([-0.9, -0.3, 0.3, 0.9]))
    return TensorDataset(x, stars)


def main(args):
    torch.manual_seed(args.seed)
    train_set, val_set = random_split(synth(2400), [2000, 400])
    train = DataLoader(train_set, args.batch_size, shuffle=True)
    val = DataLoader(val_set, 200)
    net = nn.Sequential(nn.Linear(50, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 5))
    opt = optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.05)
    total = args.epochs * len(train)

    def factor(step):
        if step < args.warmup:
            return (step + 1) / args.warmup
        return 0.5 * (1 + math.cos(math.pi * (step - args.warmup) / (total - args.warmup)))

    sched = optim.lr_scheduler.LambdaLR(opt, factor)
    for epoch in range(args.epochs):
        net.train()
        seen = 0.0
        for x, y in train:
            loss = nn.functional.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            seen += loss.item()
        net.eval()
        with torch.no_grad():
            v = sum(nn.functional.cross_entropy(net(x), y).item() for x, y in val) / len(val)
        print(f"epoch {epoch} | lr {sched.get_last_lr()[0]:.5f} | train {seen / len(train):.4f} | val {v:.4f}")


if __name__ == "__main__":
    main(get_args())
