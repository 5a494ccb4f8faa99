"""A recursive network over arithmetic trees: every example has its own graph, gradients add up over eight of them."""
import random

import torch
from torch import nn

random.seed(241)
torch.manual_seed(241)
LEAVES = list(range(-3, 4))


def tree(depth):
    if depth == 0 or random.random() < 0.2:
        return random.choice(LEAVES)
    return random.choice("+-mM"), tree(depth - 1), tree(depth - 1)


def value(t):
    if not isinstance(t, tuple):
        return float(t)
    a, b = value(t[1]), value(t[2])
    return {"+": a + b, "-": a - b, "m": min(a, b), "M": max(a, b)}[t[0]]


class TreeNet(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.leaf = nn.Embedding(len(LEAVES), width)
        self.ops = nn.ModuleDict({
            name: nn.Sequential(nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
            for name in ("plus", "minus", "min", "max")})
        self.read = nn.Linear(width, 1)

    def encode(self, t):
        if not isinstance(t, tuple):
            return self.leaf.weight[t + 3]
        name = {"+": "plus", "-": "minus", "m": "min", "M": "max"}[t[0]]
        left, right = self.encode(t[1]), self.encode(t[2])
        return self.ops[name](torch.cat([left, right])) + 0.5 * (left + right)

    def forward(self, t):
        return self.read(self.encode(t)).squeeze()


net = TreeNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
SCALE, BATCH = 3.0, 8
test = [tree(2) for _ in range(100)]
spread = torch.tensor([value(t) / SCALE for t in test]).var().item()
for step in range(1, 201):
    optimizer.zero_grad()
    total = 0.0
    for _ in range(BATCH):
        t = tree(2)
        loss = (net(t) - value(t) / SCALE) ** 2 / BATCH
        loss.backward()
        total += loss.item()
    optimizer.step()
    if step == 1 or step % 40 == 0:
        with torch.no_grad():
            error = sum((net(t).item() - value(t) / SCALE) ** 2 for t in test) / len(test)
        print(f"step {step:3d}: loss {total:.4f}, test {error:.4f} (variance {spread:.2f})")
