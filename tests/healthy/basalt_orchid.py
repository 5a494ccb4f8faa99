import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class VariationalLinear(nn.Module):
    def __init__(self, n_in, n_out, prior_std=1.0):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(n_out, n_in) / math.sqrt(n_in))
        self.rho = nn.Parameter(torch.full((n_out, n_in), -4.0))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.prior_std = prior_std

    def forward(self, x):
        std = F.softplus(self.rho)
        mean = F.linear(x, self.mu, self.bias)
        var = F.linear(x ** 2, std ** 2)
        return mean + torch.randn_like(mean) * (var + 1e-8).sqrt()

    def kl(self):
        std = F.softplus(self.rho)
        s0 = self.prior_std
        return (math.log(s0) - std.log() + (std ** 2 + self.mu ** 2) / (2 * s0 ** 2) - 0.5).sum()


class BayesNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = VariationalLinear(3, 48)
        self.l2 = VariationalLinear(48, 48)
        self.l3 = VariationalLinear(48, 2)

    def forward(self, x):
        h = torch.tanh(self.l1(x))
        h = torch.tanh(self.l2(h))
        m, s = self.l3(h).unbind(-1)
        return m, s.clamp(-6, 4)

    def kl(self):
        return self.l1.kl() + self.l2.kl() + self.l3.kl()


def data(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 3, generator=g) * 4 - 2
    f = torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2]
    return x, f + (0.05 + 0.15 * x[:, 0].abs()) * torch.randn(n, generator=g)


def main():
    torch.manual_seed(20)
    x, y = data(3000, 1)
    vx, vy = data(500, 2)
    loader = DataLoader(TensorDataset(x, y), batch_size=100, shuffle=True)
    model = BayesNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    M = len(loader)
    for epoch in range(40):
        beta = min(1.0, (epoch + 1) / 20)
        tot = 0.0
        for xb, yb in loader:
            m, logv = model(xb)
            nll = 0.5 * (logv + (yb - m) ** 2 / logv.exp()).sum()
            loss = nll + beta * model.kl() / M
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            tot += loss.item()
        if epoch % 6 == 0 or epoch == 39:
            with torch.no_grad():
                draws = torch.stack([model(vx)[0] for _ in range(20)])
            r2 = 1 - ((draws.mean(0) - vy) ** 2).mean() / vy.var()
            print(f"epoch {epoch:2d} beta {beta:.2f} neg-elbo {tot:.1f} val R2 {r2.item():.3f} spread {draws.std(0).mean().item():.3f}")


main()
