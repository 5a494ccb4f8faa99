import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

torch.manual_seed(19)


class Event:
    def __init__(self):
        self.subs = []

    def __iadd__(self, f):
        self.subs.append(f)
        return self

    def fire(self, *a):
        return sum((f(*a) for f in self.subs), 0.0)


class Engine:
    def __init__(self, net, opt, fit_term):
        self.net, self.opt, self.fit_term = net, opt, fit_term
        self.extra, self.after = Event(), Event()
        self.k = 0

    def tick(self, xb, yb):
        parts = {}

        def closure():
            self.opt.zero_grad()
            fit = self.fit_term(self.net(xb), yb)
            total = fit + self.extra.fire(self.net)
            total.backward()
            parts.update(fit=fit.item(), total=total.item())
            return total

        self.opt.step(closure)
        self.k += 1
        self.after.fire(self.k, parts)


def ridge(rate):
    def term(net):
        return rate * sum(p.pow(2).sum() for p in net.parameters())
    return term


def report(k, parts):
    if k % 60 == 0:
        print(f"tick {k}  fit {parts['fit']:.4f}  total {parts['total']:.4f}")
    return 0.0


def smooth(avg, net, start):
    def f(k, parts):
        if k >= start:
            avg.update_parameters(net)
        return 0.0
    return f


x = torch.randn(2600, 12)
y = (x[:, 0] * x[:, 1] + torch.sin(2 * x[:, 2]) + 0.7 * x[:, 3]).unsqueeze(1)
y = (y - y.mean()) / y.std()
net = nn.Sequential(nn.Linear(12, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
avg = AveragedModel(net)
engine = Engine(net, torch.optim.Adam(net.parameters(), lr=4e-3), nn.functional.mse_loss)
engine.extra += ridge(0.1)
engine.after += report
engine.after += smooth(avg, net, 540)
for _ in range(720):
    pick = torch.randint(2000, (96,))
    engine.tick(x[pick], y[pick])
with torch.no_grad():
    print(f"final held-out r2 {1 - nn.functional.mse_loss(avg(x[2000:]), y[2000:]).item():.3f}")
