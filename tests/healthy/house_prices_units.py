"""Prices in dollars. The network works in unit scale; a last fixed affine layer turns its output into dollars."""
import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, random_split, TensorDataset

p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=10)
p.add_argument("--lr", type=float, default=3e-3)
p.add_argument("--quantiles", type=float, nargs="+", default=[0.1, 0.5, 0.9])
a = p.parse_args()
torch.manual_seed(77)

n = 6000
area = torch.empty(n).uniform_(400, 3500)
age = torch.empty(n).uniform_(0, 90)
rooms = torch.randint(1, 8, (n,)).float()
zone = torch.randint(0, 6, (n,))
zone_mult = torch.tensor([0.7, 0.9, 1.0, 1.1, 1.5, 2.2])[zone]
price = (150 * area + 9000 * rooms) * zone_mult * torch.exp(-age / 120) * torch.exp(0.15 * torch.randn(n))
raw = torch.stack([area, age, rooms], 1)
full = TensorDataset(raw, zone, price)
train, test = random_split(full, [5000, 1000], generator=torch.Generator().manual_seed(0))
tr = train.indices


class Standardise(nn.Module):
    def __init__(self, x):
        super().__init__()
        self.register_buffer("m", x.mean(0)); self.register_buffer("s", x.std(0))
    def forward(self, x): return (x - self.m) / self.s


class Dollars(nn.Module):
    def __init__(self, y):
        super().__init__()
        self.register_buffer("m", y.mean()); self.register_buffer("s", y.std())
    def forward(self, u): return self.m + self.s * u


class PriceNet(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.inp, self.zone = Standardise(raw[tr]), nn.Embedding(6, 4)
        self.net = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, q))
        self.out = Dollars(price[tr])
    def forward(self, x, z): return self.out(self.net(torch.cat([self.inp(x), self.zone(z)], 1)))


qs = torch.tensor(a.quantiles)
def pinball(pred, y):
    d = y[:, None] - pred
    return torch.maximum(qs * d, (qs - 1) * d).mean()

model = PriceNet(len(qs))
opt = torch.optim.Adam(model.parameters(), lr=a.lr)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.85)
for ep in range(a.epochs):
    for x, z, y in DataLoader(train, batch_size=128, shuffle=True):
        loss = pinball(model(x, z), y)
        opt.zero_grad(); loss.backward(); opt.step()
    sched.step()
    print(f"epoch {ep} pinball {loss.item():,.0f} $")
with torch.no_grad():
    x, z, y = next(iter(DataLoader(test, batch_size=1000)))
    P = model(x, z)
    base = torch.quantile(price[tr], qs).expand_as(P)
    cover = ((y > P[:, 0]) & (y < P[:, 2])).float().mean().item()
    print(f"test pinball {pinball(P, y).item():,.0f} $, constant quantiles {pinball(base, y).item():,.0f} $; 80 % band covers {cover:.2f}")
