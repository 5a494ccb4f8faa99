"""Predict the load of a pump (kW) from eight standardised sensor readings."""
import argparse
import math

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--clip", type=float, default=1.0)
parser.add_argument("--seed", type=int, default=7)


def load_readings(rng, n):
    x = rng.standard_normal((n, 8)).astype(np.float32)
    y = 1.2 * x[:, 0] - 0.8 * x[:, 1] * x[:, 2] + np.sin(2 * x[:, 3]) + 0.1 * rng.standard_normal(n)
    return torch.from_numpy(x), torch.from_numpy(y.astype(np.float32)).unsqueeze(1)


def batches(x, y, size, generator):
    order = torch.randperm(len(x), generator=generator)
    for chunk in order.split(size):
        yield x[chunk], y[chunk]


def train_epoch(model, optimizer, x, y, args, generator):
    model.train()
    total = 0.0
    for xb, yb in batches(x, y, args.batch_size, generator):
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.mse_loss(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        total += loss.item() * len(xb)
    return total / len(x)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    return nn.functional.mse_loss(model(x), y).item()


def main(args):
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x, y = load_readings(rng, 2048)
    x_val, y_val = load_readings(rng, 512)
    model = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
    generator = torch.Generator().manual_seed(args.seed)
    for epoch in range(1, args.epochs + 1):
        train = train_epoch(model, optimizer, x, y, args, generator)
        print(f"[{epoch:02d}/{args.epochs}] train mse {train:.4f}  val rmse {math.sqrt(evaluate(model, x_val, y_val)):.4f}")
    r2 = 1 - evaluate(model, x_val, y_val) / y_val.var(unbiased=False).item()
    print(f"validation R2 {r2:.3f}")


if __name__ == "__main__":
    main(parser.parse_args())
