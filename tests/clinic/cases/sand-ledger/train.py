import csv
import sys

import torch
from torch import nn

path = sys.argv[1] if len(sys.argv) > 1 else "wells.csv"
with open(path) as f:
    rows = list(csv.DictReader(f))
cols = [c for c in rows[0] if c != "yield"]
X = torch.tensor([[float(r[c]) for c in cols] for r in rows])
y = torch.tensor([float(r["yield"]) for r in rows])
X = (X - X.mean(0)) / X.std(0)
y = (y - y.mean()) / y.std()
n = int(0.8 * len(X))
torch.manual_seed(1)
order = torch.randperm(len(X))
tr, te = order[:n], order[n:]

w1 = nn.Parameter(torch.randn(len(cols), 32) * len(cols) ** -0.5)
b1 = nn.Parameter(torch.zeros(32))
w2 = nn.Parameter(torch.randn(32, 32) * 32 ** -0.5)
b2 = nn.Parameter(torch.zeros(32))
w3 = nn.Parameter(torch.randn(32) * 32 ** -0.5)
b3 = nn.Parameter(torch.zeros(()))
theta = [w1, b1, w2, b2, w3, b3]


def f(x):
    h = torch.tanh(x @ w1 + b1)
    h = torch.tanh(h @ w2 + b2)
    return h @ w3 + b3


opt = torch.optim.SGD(theta, lr=0.03, momentum=0.9)
for epoch in range(25):
    s = 0.0
    for b in tr[torch.randperm(n)].split(40):
        loss = (f(X[b]) - y[b]).pow(2).mean()
        for p in theta:
            p.grad = None
        loss.backward()
        opt.step()
        s += loss.item() * len(b)
    if epoch % 4 == 0:
        print("epoch", epoch, "mse", round(s / n, 4))
with torch.no_grad():
    print("test R2", round(1 - ((f(X[te]) - y[te]) ** 2).mean().item() / y[te].var().item(), 4))
