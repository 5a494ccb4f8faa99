"""Power of a gas turbine; features go through the scaler that was fitted once and stored."""
import csv
import json
from pathlib import Path

import torch
from torch import nn


class Scaler:
    def __init__(self, path):
        saved = json.loads(path.read_text())
        self.columns = saved["columns"]
        self.mean, self.std = torch.tensor(saved["mean"]), torch.tensor(saved["std"])

    def __call__(self, x):
        return (x - self.mean) / self.std


def load(folder):
    scaler = Scaler(folder / "scaler.json")
    with open(folder / "turbine.csv", newline="") as f:
        records = list(csv.DictReader(f))
    x = torch.tensor([[float(r[c]) for c in scaler.columns] for r in records])
    y = torch.tensor([float(r["power"]) for r in records])
    return scaler(x), y


def fit(x, y, *, epochs=9, batch=40, lr=0.02):
    n = int(0.8 * len(x))
    model = nn.Sequential(nn.Linear(x.shape[1], 64), nn.Sigmoid(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        for rows in torch.randperm(n).split(batch):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            r2 = 1 - nn.functional.mse_loss(model(x[n:]), y[n:]).item() / y[n:].var().item()
        print(f"epoch {epoch} mse {loss.item():.3f} test R2 {r2:.3f}")
    return r2


if __name__ == "__main__":
    torch.manual_seed(2)
    print(f"test R2 {fit(*load(Path(__file__).resolve().parent)):.3f}")
