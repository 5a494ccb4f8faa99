"""Huber loss against gross outliers in the targets, with an L1 term on the weights and an L1 figure at the end."""
import numpy as np
import torch
from torch import nn

np.random.seed(65)
torch.manual_seed(65)

n, informative, useless = 4000, 4, 12
X = np.random.randn(n, informative + useless)
signal = 1.5 * X[:, 0] - X[:, 1] + 0.8 * X[:, 2] * (X[:, 3] > 0)
Y = signal + 0.2 * np.random.randn(n)
broken = np.random.rand(n) < 0.05
Y[broken] += np.random.choice([-10, 10], broken.sum())         # a sensor that jumps now and then
X, Y, signal = (torch.tensor(a, dtype=torch.float32) for a in (X, Y, signal))

net = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 1))
huber = nn.HuberLoss(delta=1.0)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)


def objective(idx):
    fit = huber(net(X[idx]).squeeze(-1), Y[idx])
    return fit + 2e-4 * net[0].weight.abs().sum()


with torch.no_grad():
    print(f"saying the median: {nn.functional.l1_loss(signal.median().expand(500), signal[-500:]).item():.3f} off the clean signal")
for epoch in range(5):
    for idx in torch.randperm(n - 500).split(50):
        loss = objective(idx)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        off = nn.functional.l1_loss(net(X[-500:]).squeeze(-1), signal[-500:]).item()
        used = net[0].weight.abs().mean(0)
    print(f"epoch {epoch}: objective {loss.item():.3f}, {off:.3f} off the clean signal, weight on useful/useless inputs {used[:4].mean():.3f}/{used[4:].mean():.3f}")
