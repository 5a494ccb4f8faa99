import math
import random

import torch
import torch.nn as nn

torch.manual_seed(11)
random.seed(11)


def make_bag():
    n = random.randint(3, 9)
    label = random.randint(0, 1)
    pts = []
    for _ in range(n):
        a = random.random() * 2 * math.pi
        r = random.choice([random.uniform(0.0, 0.55), random.uniform(1.35, 2.0)])
        pts.append([r * math.cos(a), r * math.sin(a)])
    if label == 1:
        a = random.random() * 2 * math.pi
        r = random.uniform(0.85, 1.05)
        pts[random.randrange(n)] = [r * math.cos(a), r * math.sin(a)]
    return torch.tensor(pts), float(label)


class BagNet(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.point = nn.Sequential(
            nn.Linear(2, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 6), nn.Tanh(),
        )
        self.head = nn.Linear(6, 1)

    def forward(self, bags):
        pooled = []
        for pts in bags:
            z = self.point(pts)
            pooled.append(z.max(dim=0).values.tolist())
        pooled = torch.tensor(pooled)
        return self.head(pooled).squeeze(1)


train = [make_bag() for _ in range(1500)]
test = [make_bag() for _ in range(400)]

net = BagNet()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
bce = nn.BCEWithLogitsLoss()


def accuracy(data):
    with torch.no_grad():
        out = net([b for b, _ in data])
    y = torch.tensor([t for _, t in data])
    return ((out > 0).float() == y).float().mean().item()


for step in range(501):
    batch = random.sample(train, 32)
    bags = [b for b, _ in batch]
    y = torch.tensor([t for _, t in batch])
    loss = bce(net(bags), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"{step:4d} loss {loss.item():.4f} test acc {accuracy(test):.3f}")
