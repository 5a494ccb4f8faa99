"""Churn model: will a customer leave? 20 standardised attributes, strong L2 against overfitting."""
from dataclasses import dataclass, field

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    seed: int = 14
    hidden: tuple = (64, 32)
    batch_size: int = 64
    epochs: int = 8
    optimizer: dict = field(default_factory=lambda: {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4})


def customers(n, g, weights):
    x = torch.randn(n, 20, generator=g)
    score = x @ weights + 1.5 * x[:, 0] * x[:, 1] + 0.5 * torch.randn(n, generator=g)
    return x, (score > 0).float()


def build(sizes):
    layers, last = [], 20
    for size in sizes:
        layers += [nn.Linear(last, size), nn.ReLU()]
        last = size
    return nn.Sequential(*layers, nn.Linear(last, 1), nn.Flatten(0))


def train(s: Settings):
    torch.manual_seed(s.seed)
    g = torch.Generator().manual_seed(s.seed)
    weights = 0.6 * torch.randn(20, generator=g)
    loader = DataLoader(TensorDataset(*customers(3200, g, weights)), batch_size=s.batch_size, shuffle=True)
    x_test, y_test = customers(1000, g, weights)
    model = build(s.hidden)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), **s.optimizer)
    for epoch in range(s.epochs):
        for x, y in loader:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            score = model(x_test)
        accuracy = ((score > 0).float() == y_test).float().mean().item()
        print(f"epoch {epoch}: train {loss.item():.4f} test {criterion(score, y_test).item():.4f} accuracy {accuracy:.3f}")
    base = max(y_test.mean().item(), 1 - y_test.mean().item())
    print(f"test accuracy {accuracy:.3f} (majority {base:.3f})")


if __name__ == "__main__":
    train(Settings())
