"""One-step forecast of a chaotic population at every position of a window (LSTM)."""
import json
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Population(Dataset):
    """inputs are `length` values in a row, targets the values `gap` places later."""

    def __init__(self, series, length, gap, stride):
        self.series, self.length, self.gap = series, length, gap
        self.starts = range(0, len(series) - length - gap, stride)

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, i):
        s = self.starts[i]
        return self.series[s : s + self.length], self.series[s + self.gap : s + self.gap + self.length]


def simulate(n, seed):
    gen = torch.Generator().manual_seed(seed)
    x = torch.empty(n, dtype=torch.float64)
    x[0] = 0.3
    for i in range(1, n):
        x[i] = 3.9 * x[i - 1] * (1 - x[i - 1])
    x = x + 0.005 * torch.randn(n, generator=gen, dtype=torch.float64)
    return ((x - x.mean()) / x.std()).float()


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.lstm(x.unsqueeze(-1))[0]).squeeze(-1)


def main():
    w = json.loads((Path(__file__).resolve().parent / "windows.json").read_text())
    torch.manual_seed(7)
    cut = lambda series: Population(series, w["length"], w["gap"], w["stride"])
    series = simulate(5200, 1)
    train, test = cut(series[:4200]), cut(series[4200:])
    model = Forecaster(w["hidden"])
    opt = torch.optim.Adam(model.parameters(), lr=w["lr"])
    for epoch in range(w["epochs"]):
        for x, y in DataLoader(train, w["batch"], shuffle=True):
            loss = nn.functional.mse_loss(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            x, y = next(iter(DataLoader(test, len(test))))
            score = 1 - nn.functional.mse_loss(model(x), y).item() / y.var().item()
        print(f"epoch {epoch} mse {loss.item():.3f} test R2 {score:.3f}")
    print(f"test R2 {score:.3f}")


if __name__ == "__main__":
    main()
