"""Forecast the next value of a noisy oscillation from the last 24 values with a small causal conv net."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Windows(Dataset):
    def __init__(self, series, width):
        self.series, self.width = series, width

    def __len__(self):
        return len(self.series) - self.width

    def __getitem__(self, i):
        return self.series[None, i:i + self.width], self.series[i + self.width]


class ConvForecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 5)
        self.conv2 = nn.Conv1d(16, 16, 5, stride=2)
        self.head = nn.Linear(16 * 8, 1)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        return self.head(x.flatten(1)).squeeze(1)


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=1e-3, metavar="RATE")
    return parser.parse_args()


def main():
    args = parse_args()
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    t = np.arange(3600)
    raw = np.sin(t / 5) + 0.7 * np.sin(t / 2.3 + 1) + 0.15 * rng.standard_normal(len(t))
    raw = (raw - raw[:3000].mean()) / raw[:3000].std()
    series = torch.tensor(raw, dtype=torch.float32)
    train = DataLoader(Windows(series[:3000], args.width), batch_size=args.batch_size, shuffle=True)
    test = DataLoader(Windows(series[3000:], args.width), batch_size=200)

    model = ConvForecaster()
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        losses = []
        for window, following in train:
            optimizer.zero_grad()
            loss = loss_fn(model(window), following)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}/{args.epochs} mse {np.mean(losses):.4f}")

    model.eval()
    with torch.no_grad():
        guess, truth = map(torch.cat, zip(*[(model(w), y) for w, y in test]))
    print(f"test R2 {1 - ((guess - truth) ** 2).mean() / truth.var():.3f}")


if __name__ == "__main__":
    main()
