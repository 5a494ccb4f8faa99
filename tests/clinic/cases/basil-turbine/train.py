import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def parse():
    p = argparse.ArgumentParser(description="Vibration regressor for a test rig")
    p.add_argument("--data", default="rig.csv")
    p.add_argument("--start", default="start.pt", help="weights to start from")
    p.add_argument("--epochs", type=int, default=16)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def build(n_in):
    return nn.Sequential(
        nn.Linear(n_in, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )


def r2(pred, target):
    return 1.0 - ((pred - target) ** 2).sum().item() / ((target - target.mean()) ** 2).sum().item()


def main():
    args = parse()
    torch.manual_seed(args.seed)
    raw = np.loadtxt(args.data, delimiter=",", skiprows=1, dtype=np.float32)
    x, y = torch.from_numpy(raw[:, :-1]), torch.from_numpy(raw[:, -1:])
    n_val = len(x) // 5
    train = TensorDataset(x[n_val:], y[n_val:])
    vx, vy = x[:n_val], y[:n_val]

    model = build(x.shape[1])
    ckpt = torch.load(args.start)
    model.load_state_dict(ckpt["model"])
    print(f"starting from rig {ckpt['rig']} rev {ckpt['rev']}")

    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    loss_fn = nn.MSELoss()
    loader = DataLoader(train, batch_size=args.batch, shuffle=True)
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for bx, by in loader:
            opt.zero_grad()
            loss = loss_fn(model(bx), by)
            loss.backward()
            opt.step()
            total += loss.item() * len(bx)
        model.eval()
        with torch.no_grad():
            pred = model(vx)
        print(f"epoch {epoch:2d} mse {total / len(train):.4f} val mse {loss_fn(pred, vy).item():.4f} r2 {r2(pred, vy):.3f}")


if __name__ == "__main__":
    main()
