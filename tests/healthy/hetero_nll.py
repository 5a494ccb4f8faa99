"""Predict both the mean and the spread of a sensor whose noise depends on its reading."""
import math
import torch
from torch import nn

torch.manual_seed(3)


def sample(n):
    x = torch.rand(n, 2) * 4 - 2
    mean = torch.sin(2 * x[:, 0]) * 0.3 + 0.1 * x[:, 1]
    sigma = 0.01 + 0.04 * torch.sigmoid(3 * x[:, 1])
    return x, mean + sigma * torch.randn(n)


class MeanVar(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.mean = nn.Linear(width, 1)
        self.logvar = nn.Linear(width, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.mean(h).squeeze(-1), self.logvar(h).squeeze(-1).clamp(-12, 4)


def nll(mu, logvar, y):
    return 0.5 * (math.log(2 * math.pi) + logvar + (y - mu) ** 2 * torch.exp(-logvar)).mean()


xtr, ytr = sample(6000)
xte, yte = sample(3000)
net = MeanVar()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(10):
    perm = torch.randperm(len(xtr))
    for i in range(0, len(xtr), 128):
        j = perm[i:i + 128]
        loss = nll(*net(xtr[j]), ytr[j])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
    print(f"epoch {epoch}: batch nll {loss.item():.3f}")

with torch.no_grad():
    mu, lv = net(xte)
    test = nll(mu, lv, yte).item()
    base = nll(ytr.mean().expand_as(yte), ytr.var().log().expand_as(yte), yte).item()
print(f"held-out NLL {test:.3f} against {base:.3f} for one Gaussian")
