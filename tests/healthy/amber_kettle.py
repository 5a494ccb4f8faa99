"""Few-shot regression of waveforms: find weights from which two gradient steps suffice."""
from dataclasses import dataclass

import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call


@dataclass
class Config:
    shots: int = 10
    queries: int = 15
    tasks_per_step: int = 6
    inner_steps: int = 2
    inner_lr: float = 0.05
    outer_lr: float = 2e-3
    iterations: int = 700
    width: int = 40
    seed: int = 11


class WaveTasks:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def draw(self, n):
        amp = torch.rand(1, generator=self.g) * 4.0 + 0.5
        phase = torch.rand(1, generator=self.g) * math.pi
        x = torch.rand(n, 1, generator=self.g) * 10.0 - 5.0
        return x / 3.0, amp * torch.sin(x - phase)


def adapt(net, params, x, y, cfg, second_order=True):
    fast = params
    for _ in range(cfg.inner_steps):
        loss = F.mse_loss(functional_call(net, fast, (x,)), y)
        grads = torch.autograd.grad(loss, list(fast.values()), create_graph=second_order)
        fast = {k: p - cfg.inner_lr * g for (k, p), g in zip(fast.items(), grads)}
    return fast


def evaluate(net, cfg, n_tasks=80):
    tasks = WaveTasks(999)
    before, after = 0.0, 0.0
    for _ in range(n_tasks):
        x, y = tasks.draw(cfg.shots + 60)
        xs, ys, xq, yq = x[:cfg.shots], y[:cfg.shots], x[cfg.shots:], y[cfg.shots:]
        params = {k: v.detach().clone().requires_grad_() for k, v in net.named_parameters()}
        fast = adapt(net, params, xs, ys, cfg, second_order=False)
        with torch.no_grad():
            before += F.mse_loss(functional_call(net, params, (xq,)), yq).item() / n_tasks
            after += F.mse_loss(functional_call(net, fast, (xq,)), yq).item() / n_tasks
    return before, after


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    net = nn.Sequential(
        nn.Linear(1, cfg.width), nn.ReLU(),
        nn.Linear(cfg.width, cfg.width), nn.ReLU(),
        nn.Linear(cfg.width, 1),
    )
    opt = torch.optim.Adam(net.parameters(), lr=cfg.outer_lr)
    tasks = WaveTasks(cfg.seed)
    b, a = evaluate(net, cfg)
    print(f"start      unadapted mse {b:.3f}   adapted mse {a:.3f}")

    running = None
    for it in range(1, cfg.iterations + 1):
        opt.zero_grad()
        total = 0.0
        for _ in range(cfg.tasks_per_step):
            x, y = tasks.draw(cfg.shots + cfg.queries)
            fast = adapt(net, dict(net.named_parameters()), x[:cfg.shots], y[:cfg.shots], cfg)
            q = functional_call(net, fast, (x[cfg.shots:],))
            loss = F.mse_loss(q, y[cfg.shots:]) / cfg.tasks_per_step
            loss.backward()
            total += loss.item()
        opt.step()
        running = total if running is None else 0.95 * running + 0.05 * total
        if it % 100 == 0:
            print(f"iter {it:4d}  query loss (running) {running:.3f}")

    b, a = evaluate(net, cfg)
    print(f"end        unadapted mse {b:.3f}   adapted mse {a:.3f}")


if __name__ == "__main__":
    main()
