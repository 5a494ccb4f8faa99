"""Autoregressive model of quantised flow-meter readings (24 levels), gated dilated convolutions."""
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

LEVELS = 24
WINDOW = 96
CH = 32


def meter(n, seed):
    """momentum walk reflected at both ends"""
    rng = np.random.default_rng(seed)
    out = np.empty(n, dtype=np.int64)
    pos, vel = 12.0, 1.0
    for t in range(n):
        if rng.random() < 0.2:
            vel = rng.choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
        pos += vel
        if pos < 0 or pos > LEVELS - 1:
            vel = -vel
            pos = min(max(pos, 0.0), LEVELS - 1.0)
        out[t] = int(pos)
    return torch.from_numpy(out)


class MaskedConv(nn.Module):
    def __init__(self, i, o, k=2, dilation=1):
        super().__init__()
        self.left = k * dilation
        self.conv = nn.Conv1d(i, o, k, dilation=dilation)

    def forward(self, x):
        n = x.size(-1)
        return self.conv(F.pad(x, (self.left, 0)))[..., :n]


class Gate(nn.Module):
    def __init__(self, ch, dilation):
        super().__init__()
        self.inner = MaskedConv(ch, 2 * ch, 2, dilation)
        self.mix = nn.Conv1d(ch, ch, 1)

    def forward(self, x):
        a, b = self.inner(x).chunk(2, 1)
        return self.mix(a * torch.sigmoid(b))


class FlowModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(LEVELS, CH)
        self.first = MaskedConv(CH, CH, 2)
        self.gates = nn.ModuleList(Gate(CH, d) for d in (1, 2, 4))
        self.post = nn.Sequential(nn.ReLU(), nn.Conv1d(CH, CH, 1), nn.ReLU(), nn.Conv1d(CH, LEVELS, 1))

    def forward(self, x):
        h = self.first(self.embed(x).transpose(1, 2))
        for gate in self.gates:
            h = gate(h)
        return self.post(h)


def nll(model, windows):
    # position t of the output is the distribution of reading t
    return F.cross_entropy(model(windows)[..., 24:], windows[:, 24:])


def cut(series, rng, n):
    at = rng.integers(0, len(series) - WINDOW, size=n)
    return torch.stack([series[a:a + WINDOW] for a in at])


if __name__ == "__main__":
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    train, held = meter(30000, 1), meter(6000, 2)
    check = cut(held, np.random.default_rng(0), 64)
    freq = torch.bincount(train, minlength=LEVELS).float()
    freq = freq / freq.sum()
    print(f"levels {LEVELS}, entropy of levels {-(freq * freq.log()).sum():.3f}, log {math.log(LEVELS):.3f}")
    model = FlowModel()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(1, 361):
        loss = nll(model, cut(train, rng, 16))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 40 == 0:
            with torch.no_grad():
                z = model(check)[..., 24:]
                v = F.cross_entropy(z, check[:, 24:]).item()
                acc = (z.argmax(1) == check[:, 24:]).float().mean().item()
            print(f"step {step}: train {loss.item():.3f} held {v:.3f} next-reading acc {acc:.3f}")
