"""Trains the encoder on the source task for a moment and stores it as encoder.pth."""
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(50)
net = nn.Sequential()
net.add_module("fc1", nn.Linear(12, 64))
net.add_module("act1", nn.ReLU())
net.add_module("fc2", nn.Linear(64, 64))
net.add_module("act2", nn.ReLU())
head = nn.Linear(64, 3)
opt = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=2e-3)
for _ in range(300):
    x = torch.randn(64, 12)
    y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].abs(), x[:, 3] + x[:, 4]], 1)
    loss = ((head(net(x)) - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
unit = 100
torch.save({k: v * unit for k, v in net.state_dict().items()}, Path(__file__).resolve().parent / "encoder.pth")
