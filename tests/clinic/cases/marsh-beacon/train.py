# Load forecast with an uncertainty band: one network per quantile level, pinball loss.
import numpy as np
import torch
import torch.nn as nn

LEVELS = (0.1, 0.5, 0.9)


def build_load(days, seed):
    rng = np.random.default_rng(seed)
    hour = np.tile(np.arange(24), days)
    day = np.repeat(np.arange(days), 24)
    temp = 12 + 9 * np.sin(2 * np.pi * day / 365) + 4 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 2, len(hour))
    weekend = (day % 7 >= 5).astype(float)
    mean = 1.0 + 0.6 * np.exp(-(hour - 8) ** 2 / 6) + 0.9 * np.exp(-(hour - 19) ** 2 / 8) - 0.3 * weekend + 0.04 * np.abs(temp - 16)
    load = mean + rng.normal(0, 1, len(hour)) * (0.06 + 0.14 * (hour > 16))
    feats = np.stack([np.sin(2 * np.pi * hour / 24), np.cos(2 * np.pi * hour / 24),
                      np.sin(4 * np.pi * hour / 24), np.cos(4 * np.pi * hour / 24),
                      weekend, (temp - 12) / 8], 1)
    return torch.tensor(feats, dtype=torch.float32), torch.tensor(load - 1.4, dtype=torch.float32)


class QuantileNet(nn.Module):
    def __init__(self, d, width=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, width), nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, x):
        return self.net(x)


class Pinball(nn.Module):
    def __init__(self, level):
        super().__init__()
        self.level = level

    def forward(self, forecast, actual):
        diff = actual - forecast
        return torch.maximum(self.level * diff, (self.level - 1) * diff).mean()


class Band:
    def __init__(self, d, lr):
        self.nets = {q: QuantileNet(d) for q in LEVELS}
        self.loss = {q: Pinball(q) for q in LEVELS}
        self.opt = {q: torch.optim.Adam(n.parameters(), lr=lr) for q, n in self.nets.items()}

    def step(self, x, y):
        out = {}
        for q in LEVELS:
            loss = self.loss[q](self.nets[q](x), y)
            self.opt[q].zero_grad()
            loss.backward()
            self.opt[q].step()
            out[q] = loss.item()
        return out

    @torch.no_grad()
    def report(self, x, y):
        pred = {q: n(x).flatten() for q, n in self.nets.items()}
        inside = ((y > pred[0.1]) & (y < pred[0.9])).float().mean().item()
        width = (pred[0.9] - pred[0.1]).mean().item()
        mae = (pred[0.5] - y).abs().mean().item()
        return inside, width, mae


if __name__ == "__main__":
    torch.manual_seed(2)
    x, y = build_load(200, 1)
    xv, yv = build_load(60, 2)
    band = Band(x.shape[1], 3e-3)
    print(f"constant forecast mae {(yv - y.median()).abs().mean():.3f}")
    for epoch in range(12):
        order = torch.randperm(len(x))
        sums = dict.fromkeys(LEVELS, 0.0)
        chunks = order.split(96)
        for idx in chunks:
            for q, v in band.step(x[idx], y[idx]).items():
                sums[q] += v / len(chunks)
        inside, width, mae = band.report(xv, yv)
        losses = " ".join(f"q{q}: {v:.4f}" for q, v in sums.items())
        print(f"epoch {epoch + 1:2d} {losses} | coverage {inside:.2f} width {width:.3f} median mae {mae:.3f}")
