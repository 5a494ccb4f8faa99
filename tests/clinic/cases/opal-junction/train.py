import argparse
import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR

p = argparse.ArgumentParser()
p.add_argument('--factors', type=int, default=12)
p.add_argument('--epochs', type=int, default=12)
p.add_argument('--lr', type=float, default=0.02)
p.add_argument('--gamma', type=float, default=0.85)
p.add_argument('--bs', type=int, default=250)
a = p.parse_args()

torch.manual_seed(14)
U, I, N = 150, 100, 9000
pu, qi = torch.randn(U, 3), torch.randn(I, 3)
bu, bi = 0.4 * torch.randn(U), 0.4 * torch.randn(I)
uu, ii = torch.randint(0, U, (N,)), torch.randint(0, I, (N,))
rating = 3.5 + bu[uu] + bi[ii] + 0.6 * (pu[uu] * qi[ii]).sum(1) + 0.15 * torch.randn(N)
tr = torch.arange(N) < 7500


class MF(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.u, self.i = nn.Embedding(U, f), nn.Embedding(I, f)
        self.bu, self.bi = nn.Embedding(U, 1), nn.Embedding(I, 1)
        self.mu = nn.Parameter(torch.tensor(3.0))
        for e in (self.u, self.i):
            nn.init.normal_(e.weight, std=0.1)
        for e in (self.bu, self.bi):
            nn.init.zeros_(e.weight)

    def forward(self, u, i):
        return self.mu + self.bu(u)[:, 0] + self.bi(i)[:, 0] + (self.u(u) * self.i(i)).sum(-1)


net = MF(a.factors)
opt = torch.optim.Adam(net.parameters(), lr=a.lr)
sched = ExponentialLR(opt, gamma=a.gamma)
tu, ti, ty = uu[tr], ii[tr], rating[tr]
for e in range(a.epochs):
    se = 0.0
    for b in torch.randperm(len(tu)).split(a.bs):
        loss = ((net(tu[b], ti[b]) - ty[b]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        se += loss.item() * len(b)
    print('epoch', e, 'rmse', round((se / len(tu)) ** 0.5, 4))
with torch.no_grad():
    rmse = ((net(uu[~tr], ii[~tr]) - rating[~tr]) ** 2).mean().sqrt()
print('test rmse %.4f (std of ratings %.4f)' % (rmse, rating[~tr].std()))
