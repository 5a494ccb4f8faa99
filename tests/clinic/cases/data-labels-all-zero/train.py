"""Bearing fault detector: 1-D convolution over 24 frequency bands."""
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

folder = Path(__file__).resolve().parent


def dataset(name, stats=None):
    z = np.load(folder / name)
    x = torch.from_numpy(z["spectrum"].astype("float32")).unsqueeze(1)
    y = torch.from_numpy(z["fault"].astype("int64"))
    stats = stats or (x.mean(0), x.std(0))
    return TensorDataset((x - stats[0]) / stats[1], y), stats


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv1d(1, 12, 5, padding=2), nn.BatchNorm1d(12), nn.ReLU(), nn.MaxPool1d(2))
        self.decide = nn.Sequential(nn.Flatten(), nn.Linear(12 * 12, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x):
        return self.decide(self.features(x))


def evaluate(model, data):
    model.eval()
    x, y = data.tensors
    with torch.no_grad():
        guess = model(x).argmax(1)
    return (guess == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(13)
    train, stats = dataset("train.npz")
    bench, _ = dataset("bench.npz", stats)
    model = Detector()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(5):
        model.train()
        for i, (x, y) in enumerate(DataLoader(train, batch_size=25, shuffle=True)):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            if i % 20 == 0:
                print(f"{epoch}/{i:02d} loss {loss.item():.4f}")
    print(f"accuracy on the test bench {evaluate(model, bench):.3f}")
