"""Bayes by backprop on wind-turbine power curves: weights are Gaussians, the objective is the negative ELBO."""
import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class GaussianLinear(nn.Module):
    def __init__(self, n_in, n_out, prior=1.0):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(n_out, n_in) / math.sqrt(n_in))
        self.rho = nn.Parameter(torch.full((n_out, n_in), -4.5))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.prior = prior

    def forward(self, x):
        # local reparameterisation
        sigma = F.softplus(self.rho)
        mean = F.linear(x, self.mu, self.bias)
        var = F.linear(x ** 2, sigma ** 2)
        return mean + torch.sqrt(var + 1e-10) * torch.randn_like(mean)

    def kl(self):
        s = F.softplus(self.rho)
        return (math.log(self.prior) - torch.log(s) + (s ** 2 + self.mu ** 2) / (2 * self.prior ** 2) - 0.5).sum()


class TurbineBNN(nn.Module):
    def __init__(self, n_in=3, hidden=40):
        super().__init__()
        self.l1, self.l2, self.l3 = GaussianLinear(n_in, hidden), GaussianLinear(hidden, hidden), GaussianLinear(hidden, 1)
        self.log_noise = nn.Parameter(torch.tensor(-0.5))

    def forward(self, x):
        return self.l3(torch.tanh(self.l2(torch.tanh(self.l1(x))))).squeeze(-1)

    def negative_elbo(self, x, y, n_total):
        out = self(x)
        nll = 0.5 * ((y - out) / self.log_noise.exp()) ** 2 + self.log_noise + 0.5 * math.log(2 * math.pi)
        likelihood = nll.sum() * (n_total / len(y))
        complexity = self.l1.kl() + self.l2.kl() + self.l3.kl()
        return likelihood + complexity


def turbine(n, g):
    wind = torch.rand(n, generator=g) * 25
    yaw = 25 * torch.randn(n, generator=g)
    density = 1.2 + 0.06 * torch.randn(n, generator=g)
    eff = wind * torch.cos(torch.deg2rad(yaw.clamp(-80, 80)))
    power = torch.sigmoid((eff - 8.5) / 1.6) * density / 1.2
    power = torch.where(wind > 22.5, 0.15 * power, power)
    y = (power + 0.03 * torch.randn(n, generator=g) - 0.5) / 0.4
    return torch.stack([(wind - 12.5) / 7.2, yaw / 25, (density - 1.2) / 0.06], 1), y


@torch.no_grad()
def test(model, x, y, draws=20):
    samples = torch.stack([model(x) for _ in range(draws)])
    mean, spread = samples.mean(0), (samples.var(0) + (2 * model.log_noise).exp()).sqrt()
    inside = ((y - mean).abs() < 1.645 * spread).float().mean().item()
    return (mean - y).square().mean().sqrt().item(), inside


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rows", type=int, default=3000)
    p.add_argument("--batch", type=int, default=100)
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--lr", type=float, default=3e-3)
    a = p.parse_args()
    torch.manual_seed(6)
    g = torch.Generator().manual_seed(6)
    x, y = turbine(a.rows, g)
    xt, yt = turbine(1000, g)
    model = TurbineBNN()
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, a.epochs)
    for epoch in range(1, a.epochs + 1):
        total = 0.0
        for idx in torch.randperm(a.rows).split(a.batch):
            loss = model.negative_elbo(x[idx], y[idx], a.rows)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        sched.step()
        if epoch % 6 == 0 or epoch == 1:
            rmse, inside = test(model, xt, yt)
            print(f"epoch {epoch:3d}  -ELBO {total / (a.rows / a.batch):10.1f}  test rmse {rmse:.4f}  "
                  f"90% band holds {100 * inside:.1f}%  noise {model.log_noise.exp().item():.3f}")
    print(f"rmse of the mean: {yt.std().item():.4f}")


main()
