import numpy as np
import torch
from torch import nn

torch.manual_seed(29)
rng = np.random.RandomState(29)

FAULTS = ["normal", "inner_race", "outer_race", "ball"]


def vibration(kind, n=256):
    t = np.arange(n) / n
    speed = rng.uniform(8, 12)
    sig = 0.6 * np.sin(2 * np.pi * speed * t + rng.uniform(0, 6.28))
    if kind > 0:
        period = {1: 16, 2: 26, 3: 41}[kind] + rng.randint(-1, 2)
        ring = np.exp(-np.arange(12) / 4.0) * np.sin(np.arange(12) * 1.9)
        start = rng.randint(0, period)
        for p in range(start, n - 12, period):
            sig[p:p + 12] += rng.uniform(1.0, 1.8) * ring
    return sig + rng.normal(0, 0.25, n)


def make(n):
    y = rng.randint(0, 4, n)
    x = np.stack([vibration(k) for k in y])
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    return torch.tensor(x, dtype=torch.float32).unsqueeze(1), torch.tensor(y)


def build():
    return nn.Sequential(
        nn.Conv1d(1, 16, 9, stride=2, padding=4), nn.ReLU(),
        nn.Conv1d(16, 24, 9, stride=2, padding=4), nn.ReLU(),
        nn.Conv1d(24, 32, 9, stride=2, padding=4), nn.ReLU(),
        nn.AdaptiveMaxPool1d(4), nn.Flatten(),
        nn.Linear(128, 4),
    )


def run_epoch(model, x, y, criterion, optimizer, batch_size):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    order = torch.randperm(len(x))
    for start in range(0, len(x), batch_size):
        idx = order[start:start + batch_size]
        out = model(x[idx])
        loss = criterion(out, y[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(x)


def score(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


x_train, y_train = make(1600)
x_test, y_test = make(400)
model = build()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)

for epoch in range(12):
    tr = run_epoch(model, x_train, y_train, criterion, optimizer, 32)
    print(f"[{epoch + 1:2d}] train loss {tr:.4f}  test acc {score(model, x_test, y_test):.3f}")
