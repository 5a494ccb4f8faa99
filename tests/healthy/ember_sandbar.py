import numpy as np
import torch
from torch import nn


def series(n, seed):
    r = np.random.default_rng(seed)
    u = r.uniform(-1, 1, n)
    y = np.zeros(n)
    for t in range(3, n):
        y[t] = 0.9 * u[t - 3] + 0.7 * u[t - 1] + 0.8 * u[t] * u[t - 2]
    y = (y - y.mean()) / y.std()
    return torch.tensor(u, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


class Reservoir(nn.Module):
    def __init__(self, units=160, radius=0.8):
        super().__init__()
        w = torch.randn(units, units) * (torch.rand(units, units) < 0.1)
        w = w * radius / torch.linalg.eigvals(w).abs().max()
        self.register_buffer("w", w)
        self.register_buffer("win", torch.rand(units) * 2 - 1)
        self.register_buffer("off", torch.rand(units) - 0.5)
        self.state = torch.zeros(units)

    @torch.no_grad()
    def forward(self, u):
        out = []
        for v in u:
            self.state = torch.tanh(self.w @ self.state + self.win * v + self.off)
            out.append(self.state)
        return torch.stack(out)


torch.manual_seed(31)
u, y = series(8100, 31)
pool = Reservoir()
readout = nn.Sequential(nn.LayerNorm(160, elementwise_affine=False), nn.Linear(160, 1))
optimizer = torch.optim.NAdam([p for p in readout.parameters() if p.requires_grad], lr=3e-3)
chunk = 20
pool(u[:100])
errs = []
for k, s in enumerate(range(100, len(u) - chunk + 1, chunk)):
    h = pool(u[s:s + chunk])
    pred = readout(h)[:, 0]
    mse = (pred - y[s:s + chunk]).square().mean()
    errs.append(mse.item())
    optimizer.zero_grad()
    mse.backward()
    optimizer.step()
    if k % 40 == 39:
        print(f"chunk {k + 1}: prequential mse over last 40 chunks {np.mean(errs[-40:]):.4f}")
