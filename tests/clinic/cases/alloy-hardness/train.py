# -*- coding: utf-8 -*-
"""прогноз твёрдости сплава: три класса"""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)

n = 2000
x = torch.randn(n, 12)
score = x[:, 0] + 0.8 * x[:, 1] * x[:, 2] - x[:, 3]
y = (score > -0.6).long() + (score > 0.6).long()
train = DataLoader(TensorDataset(x[:1600], y[:1600]), batch_size=64, shuffle=True)
x_test, y_test = x[1600:], y[1600:]


def make_net(n_hidden=12, width=32):
    act = nn.Sigmoid
    mods = [nn.Linear(12, width), act()]
    for _ in range(n_hidden - 1):
        mods += [nn.Linear(width, width), act()]
    mods.append(nn.Linear(width, 3))
    return nn.Sequential(*mods)


net = make_net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
crit = nn.CrossEntropyLoss()
for epoch in range(24):
    total = 0
    for xb, yb in train:
        opt.zero_grad()
        loss = crit(net(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 2 == 1:
        print(f'эпоха {epoch + 1}: потери {total / len(train):.4f}')

with torch.no_grad():
    acc = (net(x_test).argmax(1) == y_test).float().mean()
print(f'точность на тесте: {acc:.3f}')
