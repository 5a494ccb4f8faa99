import random

import numpy as np
import torch
from torch import nn

random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
LINES = ["pear plum jam", "plum quince jam", "quince pear jam", "hen goose bird", "goose duck bird", "duck hen bird"]
text = " ".join(LINES).split()
names = sorted(set(text))
pairs = [(names.index(text[i]), names.index(text[i + d])) for i in range(1, len(text) - 1) for d in (-1, 1)]


def draw(n=2):
    chosen = [pairs[i] for i in np.random.choice(len(pairs), n, replace=False)]
    return torch.eye(len(names))[[a for a, _ in chosen]], torch.tensor([b for _, b in chosen])


model = nn.Sequential(nn.Linear(len(names), 2, bias=False), nn.Linear(2, len(names), bias=False))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(5000):
    x, y = draw()
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    x, y = torch.eye(len(names))[[a for a, _ in pairs]], torch.tensor([b for _, b in pairs])
    print(nn.functional.cross_entropy(model(x), y).item())
