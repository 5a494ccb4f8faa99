import math
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn


@dataclass
class Cfg:
    window: int = 24
    hidden: int = 32
    batch: int = 64
    steps: int = 500
    lr: float = 3e-3
    seed: int = 14


def load_series(cfg, n=4000):
    rng = np.random.default_rng(cfg.seed)
    t = np.arange(n)
    day = np.sin(2 * np.pi * t / 24)
    base = 1.2 * day + 0.6 * np.sin(2 * np.pi * t / 168 + 1.0)
    sigma = 0.03 + 0.12 * (day > 0.5)
    y = base + rng.normal(0, 1, n) * sigma
    return ((y - y.mean()) / y.std()).astype("float32")


class ProbForecaster(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.gru = nn.GRU(1, cfg.hidden, batch_first=True)
        self.mu = nn.Linear(cfg.hidden, 1)
        self.raw_var = nn.Linear(cfg.hidden, 1)

    def forward(self, x):
        h = self.gru(x)[0][:, -1]
        return self.mu(h).squeeze(-1), nn.functional.softplus(self.raw_var(h)).squeeze(-1) + 1e-4


def windows(series, lo, hi, cfg):
    idx = torch.arange(lo + cfg.window, hi)
    x = torch.stack([series[i - cfg.window:i] for i in idx.tolist()]).unsqueeze(-1)
    return x, series[idx]


def main(cfg=Cfg()):
    torch.manual_seed(cfg.seed)
    series = torch.from_numpy(load_series(cfg))
    x_tr, y_tr = windows(series, 0, 3200, cfg)
    x_va, y_va = windows(series, 3200, 4000, cfg)
    model = ProbForecaster(cfg)
    nll = nn.GaussianNLLLoss()
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for step in range(1, cfg.steps + 1):
        idx = torch.randint(0, len(x_tr), (cfg.batch,))
        mu, var = model(x_tr[idx])
        loss = nll(mu, y_tr[idx], var)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
        if step % 50 == 0:
            with torch.no_grad():
                mu, var = model(x_va)
                val = nll(mu, y_va, var).item()
                err = (mu - y_va).pow(2).mean().sqrt().item()
            print(f"step {step}: loss {loss.item():.3f}  val nll {val:.3f}  val rmse {err:.3f}")


if __name__ == "__main__":
    main()
