"""Sonar echoes: sand, rock, wreck or fish. The start weights are shared between sites (start.npz)."""
from pathlib import Path

import numpy as np
import torch
from torch import nn


class SonarNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, 40)
        self.fc2 = nn.Linear(40, 40)
        self.fc3 = nn.Linear(40, 4)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


def echoes(n, gen):
    kind = torch.randint(4, (n,), generator=gen)
    t = torch.linspace(0, 1, 20)
    decay = torch.tensor([1.0, 3.0, 2.0, 6.0])[kind][:, None]
    ring = torch.tensor([3.0, 5.0, 9.0, 7.0])[kind][:, None]
    phase = torch.rand(n, 1, generator=gen)
    x = torch.exp(-decay * t) * torch.cos(6.28 * (ring * t + 0.3 * phase)) + 0.15 * torch.randn(n, 20, generator=gen)
    return (x - x.mean()) / x.std(), kind


def client_update(net, x, y, lr, batch, rounds):
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for r in range(rounds):
        for idx in torch.randperm(len(x)).split(batch):
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        yield r, loss.item()


torch.manual_seed(0)
gen = torch.Generator().manual_seed(3)
x, y = echoes(2000, gen)
xt, yt = echoes(500, gen)
net = SonarNet()
with np.load(Path(__file__).resolve().parent / "start.npz") as start:
    net.load_state_dict({k: torch.from_numpy(start[k]) for k in start.files})
for r, last in client_update(net, x, y, lr=0.05, batch=50, rounds=7):
    acc = (net(xt).argmax(1) == yt).float().mean().item()
    print(f"round {r}: loss {last:.3f}, test accuracy {acc:.3f}")
print(f"test accuracy {acc:.3f}")
