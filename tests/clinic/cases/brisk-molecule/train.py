import json
import math
import os

import torch
import torch.nn as nn

# Density of residence times and flow in a chemical reactor with a coupling-layer flow,
# one flow per catalyst, k = 3 catalysts trained one after the other.

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "flow.json")) as f:
    P = json.load(f)


def reactor(catalyst, n, g):
    u = torch.randn(n, 4, generator=g)
    k = 0.6 + 0.3 * catalyst
    a = u[:, 0]
    b = 0.3 * u[:, 1] + k * torch.sin(2.0 * a)
    c = 0.25 * u[:, 2] + 0.7 * a * b
    d = 0.2 * u[:, 3] + 0.5 * (b ** 2 - c)
    x = torch.stack([a, b, c, d], 1)
    return (x - x.mean(0)) / x.std(0)


class Coupling(nn.Module):
    def __init__(self, dim, hidden, flip):
        super().__init__()
        self.flip, self.half = flip, dim // 2
        self.net = nn.Sequential(nn.Linear(self.half, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                 nn.Linear(hidden, dim))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        p, q = x[:, :self.half], x[:, self.half:]
        if self.flip:
            p, q = q, p
        s, t = self.net(p).chunk(2, 1)
        s = 1.5 * torch.tanh(s)
        q = q * s.exp() + t
        return torch.cat([q, p] if self.flip else [p, q], 1), s.sum(1)


class Flow(nn.Module):
    def __init__(self, dim=4, hidden=48, layers=8):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(dim, hidden, i % 2 == 1) for i in range(layers))
        self.register_buffer("perm", torch.tensor([0, 2, 1, 3]))

    def log_prob(self, x):
        logdet = 0.0
        for i, layer in enumerate(self.layers):
            x, ld = layer(x)
            logdet = logdet + ld
            if i % 2 == 1:
                x = x[:, self.perm]
        return -0.5 * (x ** 2).sum(1) - 0.5 * x.shape[1] * math.log(2 * math.pi) + logdet


class SignMomentum(torch.optim.Optimizer):
    """Steps of the sign of an interpolated momentum, decoupled decay."""

    def __init__(self, params, lr, b1=0.9, b2=0.98, decay=1e-3):
        super().__init__(params, dict(lr=lr, b1=b1, b2=b2, decay=decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                w.mul_(1 - group["lr"] * group["decay"])
                w.sub_(group["lr"] * torch.sign(m.lerp(w.grad, 1 - group["b1"])))
                m.lerp_(w.grad, 1 - group["b2"])


def fit(catalyst):
    g = torch.Generator().manual_seed(50 + catalyst)
    torch.manual_seed(60 + catalyst)
    x, xv = reactor(catalyst, P["rows"], g), reactor(catalyst, 1000, g)
    flow = Flow()
    opt = SignMomentum(flow.parameters(), lr=P["lr"])
    cool = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=P["cooling"])
    for epoch in range(1, P["epochs"] + 1):
        total = 0.0
        for idx in torch.randperm(len(x)).split(P["batch"]):
            nll = -flow.log_prob(x[idx]).mean()
            opt.zero_grad()
            nll.backward()
            opt.step()
            cool.step()
            total += nll.item() * len(idx) / len(x)
        if epoch % 5 == 0:
            with torch.no_grad():
                held = -flow.log_prob(xv).mean().item()
            print(f"catalyst {catalyst}  epoch {epoch:2d}  nll {total:.3f}  held out {held:.3f}")
    return held


scores = [fit(c) for c in range(3)]
gauss = 2 * (1 + math.log(2 * math.pi))
print("held-out nll " + ", ".join(f"{s:.3f}" for s in scores) + f"  (independent Gaussians {gauss:.3f})")
