import torch
from torch import nn

torch.manual_seed(1)


def trunk():
    return nn.Sequential(nn.Linear(14, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU())


W = torch.randn(14, 5)


def world(n):
    x = 1.5 * torch.randn(n, 14) + 0.7
    f = torch.tanh(x @ W / 2)
    return x, f


pre = trunk()
aux = nn.Linear(64, 5)
opt = torch.optim.Adam([*pre.parameters(), *aux.parameters()], lr=5e-3)
for i in range(1, 301):
    x, f = world(96)
    loss = (aux(pre(x)) - f).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 100 == 0:
        print(f"stage 1 {i} loss {loss.item():.4f}")

pre.eval()
for q in pre.parameters():
    q.requires_grad_(False)
tail = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 4))
whole = nn.Sequential(pre, tail)
opt = torch.optim.Adam(tail.parameters(), lr=5e-3)


def label(f):
    return (f[:, 0] > f[:, 1]).long() + 2 * (f[:, 2] + f[:, 3] > 0).long()


for i in range(1, 301):
    whole.eval()
    x, f = world(96)
    loss = nn.functional.cross_entropy(whole(x), label(f))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 60 == 0:
        print(f"stage 2 {i} loss {loss.item():.4f}")
with torch.no_grad():
    x, f = world(2000)
    print(f"final test acc {(whole(x).argmax(1) == label(f)).float().mean():.3f} (chance 0.25)")
