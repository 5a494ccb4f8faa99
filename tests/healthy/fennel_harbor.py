import numpy as np
import torch
from torch import nn

rng = np.random.RandomState(4)
torch.manual_seed(4)


def domain(n, target):
    """Two-class readings from an old and a new instrument. The new one adds an offset
    on some channels and has a channel that tracks the label only on the old one."""
    y = rng.randint(0, 2, n)
    s = np.where(y == 1, 1.0, -1.0)[:, None]
    core = s * np.array([0.9, -0.8, 0.7]) + rng.randn(n, 3) * 0.9
    easy = s * 1.6 * (0.0 if target else 1.0) + rng.randn(n, 2) * 0.5 + (1.8 if target else 0.0)
    rest = rng.randn(n, 5)
    x = np.concatenate([core, easy, rest], 1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


class Flip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.strength * g, None


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.label = nn.Linear(16, 2)
        self.origin = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x, strength):
        f = self.features(x)
        return self.label(f), self.origin(Flip.apply(f, strength)).squeeze(1)


xs, ys = domain(3000, False)
xt, _ = domain(3000, True)
xs_test, ys_test = domain(1500, False)
xt_test, yt_test = domain(1500, True)


def score(net, x, y):
    with torch.no_grad():
        return (net(x, 0.0)[0].argmax(1) == y).float().mean().item()


def fit(steps=2000, top=1.0):
    net = Net()
    opt = torch.optim.Adam([
        {"params": list(net.features.parameters()) + list(net.label.parameters()), "lr": 1e-3},
        {"params": net.origin.parameters(), "lr": 3e-3},
    ], weight_decay=1e-4)
    ce, bce = nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()
    for step in range(steps):
        strength = top * (2 / (1 + np.exp(-20 * step / steps)) - 1)
        i, j = torch.randint(3000, (64,)), torch.randint(3000, (64,))
        lab, org_s = net(xs[i], strength)
        _, org_t = net(xt[j], strength)
        l_lab = ce(lab, ys[i])
        l_org = 0.5 * bce(org_s, torch.zeros(64)) + 0.5 * bce(org_t, torch.ones(64))
        opt.zero_grad()
        (l_lab + l_org).backward()
        opt.step()
        if (step + 1) % 250 == 0:
            print(f"{step + 1:5d} label {l_lab.item():.3f} origin {l_org.item():.3f} "
                  f"old {score(net, xs_test, ys_test):.3f} new {score(net, xt_test, yt_test):.3f}")
    return net


net = fit()
print(f"accuracy on the new instrument {score(net, xt_test, yt_test):.3f}")
