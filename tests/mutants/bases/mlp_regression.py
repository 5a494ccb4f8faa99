"""Yield of a reactor from six settings. One flat script, one loop over shuffled rows."""

import itertools

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)


def plant(n):
    x = torch.rand(n, 6) * 3.4 - 1.7
    y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] ** 2 - 0.5 + 0.05 * torch.randn(n)
    return x, y


x_train, y_train = plant(2400)
x_test, y_test = plant(600)
scale = y_train.std()

widths = [6, 64, 64]
layers = []
for fan_in, fan_out in itertools.pairwise(widths):
    layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
layers.append(nn.Linear(widths[-1], 1))
net = nn.Sequential(*layers)
optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)

step = 0
for _ in range(8):
    order = torch.randperm(len(x_train))
    for rows in order.split(40):
        xb, yb = x_train[rows], y_train[rows]
        pred = net(xb).squeeze(1)
        loss = F.mse_loss(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 60 == 0:
            print(f"step {step}: loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    error = (net(x_test).reshape(-1) - y_test).pow(2).mean()
print(f"held-out R2 {1 - error / y_test.var():.4f}")
