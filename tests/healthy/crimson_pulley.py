"""How much does a vibration sensor tell about a bearing's load?  A neural lower bound on mutual information
(Donsker-Varadhan with a moving-average normaliser), checked against the closed form."""
import math

import torch
from torch import nn

DIM = 4
RHO = torch.tensor([0.9, 0.8, 0.6, 0.3])
TRUE_MI = (-0.5 * torch.log(1 - RHO ** 2)).sum().item()


def draw(n, g):
    load = torch.randn(n, DIM, generator=g)
    noise = torch.randn(n, DIM, generator=g)
    vib = RHO * load + (1 - RHO ** 2).sqrt() * noise
    return load, torch.sinh(vib)          # an invertible sensor curve leaves the information as it is


class Statistic(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.a = nn.Linear(DIM, hidden)
        self.b = nn.Linear(DIM, hidden)
        self.tail = nn.Sequential(nn.ELU(), nn.Linear(hidden, hidden), nn.ELU(), nn.Linear(hidden, 1))

    def forward(self, load, vib):
        return self.tail(self.a(load) + self.b(torch.asinh(vib))).squeeze(-1)


class DVBound:
    """E_joint[T] - log E_marginal[exp T]; the gradient of the log uses a smoothed denominator."""

    def __init__(self, rate=0.02):
        self.rate, self.ema = rate, None

    def __call__(self, joint, marginal):
        m = marginal.exp().mean()
        self.ema = m.detach() if self.ema is None else (1 - self.rate) * self.ema + self.rate * m.detach()
        surrogate = joint.mean() - m / self.ema
        value = joint.detach().mean() - torch.logsumexp(marginal.detach(), 0) + math.log(len(marginal))
        return surrogate, value.item()


@torch.no_grad()
def held_out(net, g, n=20000):
    load, vib = draw(n, g)
    joint = net(load, vib).mean()
    marg = torch.cat([net(load, vib.roll(k, 0)) for k in (1, 17, 503)])
    return (joint - torch.logsumexp(marg, 0) + math.log(len(marg))).item()


torch.manual_seed(31)
g = torch.Generator().manual_seed(31)
net, bound = Statistic(), DVBound()
opt = torch.optim.Adam(net.parameters(), lr=1.5e-3, maximize=True)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, [900, 1150], gamma=0.3)

print(f"closed form: {TRUE_MI:.3f} nats; before training the bound is {held_out(net, g):.3f}")
window = []
for step in range(1, 1301):
    load, vib = draw(400, g)
    objective, value = bound(net(load, vib), net(load, vib[torch.randperm(len(vib))]))
    opt.zero_grad()
    objective.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    opt.step()
    sched.step()
    window.append(value)
    if step % 130 == 0:
        print(f"{step:5d}  objective {objective.item():.3f}  bound (train) {sum(window) / len(window):.3f}  "
              f"bound (fresh data) {held_out(net, g):.3f}")
        window.clear()
