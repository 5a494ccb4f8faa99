"""Sharpness-aware training of a small conv net on synthetic seismogram snippets."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class SharpnessAware(torch.optim.Optimizer):
    def __init__(self, params, base, rho=0.05, **kw):
        super().__init__(params, dict(rho=rho, **kw))
        self.base = base(self.param_groups, **kw)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def ascend(self, clear=False):
        norm = torch.stack([p.grad.norm() for g in self.param_groups for p in g["params"] if p.grad is not None]).norm()
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                e = p.grad * (g["rho"] / (norm + 1e-12))
                p.add_(e)
                self.state[p]["e"] = e
        if clear:
            self.zero_grad()

    @torch.no_grad()
    def descend(self, clear=False):
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is not None:
                    p.sub_(self.state[p]["e"])
        self.base.step()
        if clear:
            self.zero_grad()


def snippets(n, seed):
    """Four kinds of arrival: impulsive, emergent, two-phase, harmonic tremor."""
    rng = np.random.default_rng(seed)
    t = np.arange(96)
    kind = rng.integers(0, 4, n)
    x = 0.35 * rng.standard_normal((n, 96))
    for i, k in enumerate(kind):
        on = rng.integers(15, 40)
        lag = np.clip(t - on, 0, None)
        carrier = np.sin(2 * np.pi * rng.uniform(0.16, 0.24) * t + rng.uniform(0, 6.28))
        if k == 0:
            env = (t >= on) * np.exp(-lag / 12)
        elif k == 1:
            env = (lag / 12) * np.exp(1 - lag / 12)
        elif k == 2:
            second = np.clip(t - on - 28, 0, None)
            env = 0.6 * (t >= on) * np.exp(-lag / 7) + (t >= on + 28) * np.exp(-second / 9)
        else:
            env = 0.6 * (t >= on)
        x[i] += 1.4 * env * carrier
    return torch.tensor(x[:, None], dtype=torch.float32), torch.tensor(kind)


def build():
    return nn.Sequential(
        nn.Conv1d(1, 16, 9, padding=4), nn.ReLU(), nn.AvgPool1d(3),
        nn.Conv1d(16, 24, 5, padding=2), nn.ReLU(), nn.AvgPool1d(4),
        nn.Flatten(), nn.Linear(24 * 8, 32), nn.ReLU(), nn.Linear(32, 4),
    )


def validate(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x)
    net.train()
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(3)
    loader = DataLoader(TensorDataset(*snippets(2400, 1)), batch_size=60, shuffle=True)
    xv, yv = snippets(600, 2)
    net = build()
    opt = SharpnessAware(net.parameters(), torch.optim.SGD, rho=0.05, lr=0.005, momentum=0.9)
    for epoch in range(1, 13):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            opt.ascend()
            F.cross_entropy(net(x), y).backward()
            opt.descend()
            total += loss.item() / len(loader)
        vl, va = validate(net, xv, yv)
        print(f"epoch {epoch:2d} train {total:.4f} valid {vl:.4f} acc {va:.3f}")


if __name__ == "__main__":
    main()
