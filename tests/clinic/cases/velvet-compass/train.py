"""Learned inverse dynamics for a two-link arm: joint state -> motor torques."""
from dataclasses import dataclass

import torch
from torch import nn, Tensor


@dataclass
class Config:
    n_train: int = 12000
    n_test: int = 2000
    hidden: int = 2
    lr: float = 4e-3
    steps: int = 1200
    batch: int = 256
    log_every: int = 100
    seed: int = 0


def torques(q: Tensor, qd: Tensor, qdd: Tensor) -> Tensor:
    m1, m2, l1, l2, g = 1.0, 0.8, 0.6, 0.5, 9.81
    c2, s2 = torch.cos(q[:, 1]), torch.sin(q[:, 1])
    d11 = (m1 + m2) * l1**2 + m2 * l2**2 + 2 * m2 * l1 * l2 * c2
    d12 = m2 * l2**2 + m2 * l1 * l2 * c2
    d22 = m2 * l2**2
    h = m2 * l1 * l2 * s2
    g1 = (m1 + m2) * g * l1 * torch.cos(q[:, 0]) + m2 * g * l2 * torch.cos(q[:, 0] + q[:, 1])
    g2 = m2 * g * l2 * torch.cos(q[:, 0] + q[:, 1])
    t1 = d11 * qdd[:, 0] + d12 * qdd[:, 1] - h * (2 * qd[:, 0] * qd[:, 1] + qd[:, 1] ** 2) + g1
    t2 = d12 * qdd[:, 0] + d22 * qdd[:, 1] + h * qd[:, 0] ** 2 + g2
    return torch.stack([t1, t2], dim=1)


def sample_states(n: int, gen: torch.Generator) -> tuple[Tensor, Tensor]:
    q = (torch.rand(n, 2, generator=gen) * 2 - 1) * 2.6
    qd = torch.randn(n, 2, generator=gen) * 1.5
    qdd = torch.randn(n, 2, generator=gen) * 2.0
    return torch.cat([q, qd, qdd], dim=1), torques(q, qd, qdd)


class TorqueNet(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(6, hidden), nn.Tanh(),
            nn.Linear(hidden, hidden), nn.Tanh(),
        )
        self.head = nn.Linear(hidden, 2)

    def forward(self, s: Tensor) -> Tensor:
        return self.head(self.body(s))


def r2(pred: Tensor, y: Tensor) -> float:
    return (1 - (pred - y).pow(2).sum() / (y - y.mean(0)).pow(2).sum()).item()


def run(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed + 1)
    x, y = sample_states(cfg.n_train, gen)
    xt, yt = sample_states(cfg.n_test, gen)
    xm, xs, ym, ys = x.mean(0), x.std(0), y.mean(0), y.std(0)
    x, xt, y, yt = (x - xm) / xs, (xt - xm) / xs, (y - ym) / ys, (yt - ym) / ys

    net = TorqueNet(cfg.hidden)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for step in range(1, cfg.steps + 1):
        idx = torch.randint(0, cfg.n_train, (cfg.batch,))
        loss = nn.functional.mse_loss(net(x[idx]), y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % cfg.log_every == 0:
            with torch.no_grad():
                print(f"{step:5d}  mse {loss.item():.4f}  test R2 {r2(net(xt), yt):.3f}")


if __name__ == "__main__":
    run(Config())
