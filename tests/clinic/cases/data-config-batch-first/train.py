"""Charge left in a battery after a drive: (drives, minutes, [current, heat, slope]) -> one number per drive."""
import json
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def drives(n, minutes=20):
    x = torch.randn(n, minutes, 3)
    left = torch.zeros(n)
    for m in range(minutes):
        left = 0.9 * left - x[:, m, 0] + 0.5 * x[:, m, 1].relu() * x[:, m, 2]
    return x, (left - left.mean()) / left.std()


class Recurrent(nn.Module):
    def __init__(self, kind, kwargs, outputs):
        super().__init__()
        self.rnn = getattr(nn, kind)(**kwargs)
        self.out = nn.Linear(kwargs["hidden_size"], outputs)

    def forward(self, x):
        seq, _ = self.rnn(x)
        return self.out(seq[:, -1]).squeeze(-1)


def main():
    spec = json.loads((Path(__file__).resolve().parent / "model.json").read_text())
    torch.manual_seed(4)
    x, y = drives(1300)
    train, test = TensorDataset(x[:1000], y[:1000]), (x[1000:], y[1000:])
    model = Recurrent(spec["type"], spec["kwargs"], spec["outputs"])
    optimizer = torch.optim.Adam(model.parameters(), lr=spec["lr"])
    for epoch in range(spec["epochs"]):
        for xb, yb in DataLoader(train, batch_size=spec["batch"], shuffle=True):
            loss = nn.functional.mse_loss(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            r2 = 1 - nn.functional.mse_loss(model(test[0]), test[1]).item() / test[1].var().item()
        print(f"epoch {epoch} train {loss.item():.3f} test R2 {r2:.3f}")
    print(f"test R2 {r2:.3f}")


if __name__ == "__main__":
    main()
