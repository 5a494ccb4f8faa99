"""Three-way triage from a blood panel."""
import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HERE = Path(__file__).resolve().parent


def read_csv(name, dtype):
    with open(HERE / name, newline="") as f:
        rows = list(csv.reader(f))
    return np.array(rows[1:], dtype=dtype)


def load():
    x = read_csv("measurements.csv", np.float32)
    y = read_csv("diagnosis.csv", np.int64)[:, 0]
    assert len(x) == len(y)
    order = np.random.default_rng(0).permutation(len(x))
    cut = int(0.8 * len(x))
    tr, va = order[:cut], order[cut:]
    mean, std = x[tr].mean(0), x[tr].std(0)
    x = (x - mean) / std
    return [torch.from_numpy(a) for a in (x[tr], y[tr], x[va], y[va])]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    xt, yt, xv, yv = load()
    loader = DataLoader(TensorDataset(xt, yt), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(8):
        model.train()
        total = 0.0
        for xb, yb in loader:
            opt.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(xb)
        print(f"epoch {epoch}  loss {total / len(xt):.3f}  val acc {accuracy(model, xv, yv):.3f}")
    print(f"validation accuracy {accuracy(model, xv, yv):.3f}")


if __name__ == "__main__":
    main()
