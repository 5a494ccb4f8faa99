"""Denoising diffusion of a small Swiss roll: the network predicts the noise that was mixed in."""
import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class TrainConfig:
    timesteps: int = 40
    hidden: int = 96
    batch_size: int = 128
    steps: int = 400
    lr: float = 2e-3
    seed: int = 15


def roll(n):
    t = 1.5 * math.pi * (1 + 2 * torch.rand(n))
    return torch.stack([t * t.cos(), t * t.sin()], 1) / 7 + 0.02 * torch.randn(n, 2)


class NoiseScheduler:
    def __init__(self, timesteps):
        self.betas = torch.linspace(1e-3, 0.15, timesteps)
        self.alphas_cumprod = (1 - self.betas).cumprod(0)

    def add_noise(self, x, noise, t):
        a = self.alphas_cumprod[t].unsqueeze(1)
        return a.sqrt() * x + (1 - a).sqrt() * noise


class Denoiser(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.freq = nn.Parameter(torch.exp(torch.linspace(0, 3, 8)), requires_grad=False)
        self.total = cfg.timesteps
        self.net = nn.Sequential(nn.Linear(2 + 16, cfg.hidden), nn.GELU(), nn.Linear(cfg.hidden, cfg.hidden), nn.GELU(),
                                 nn.Linear(cfg.hidden, cfg.hidden), nn.GELU(), nn.Linear(cfg.hidden, 2))

    def forward(self, x, t):
        phase = t.float().unsqueeze(1) / self.total * self.freq
        return self.net(torch.cat([x, phase.sin(), phase.cos()], 1))


def main(cfg=TrainConfig()):
    torch.manual_seed(cfg.seed)
    schedule, model = NoiseScheduler(cfg.timesteps), Denoiser(cfg)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    window = []
    for step in range(1, cfg.steps + 1):
        x = roll(cfg.batch_size)
        noise = torch.randn_like(x)
        t = torch.randint(0, cfg.timesteps, (cfg.batch_size,))
        loss = nn.functional.mse_loss(model(schedule.add_noise(x, noise, t), t), noise)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        window.append(loss.item())
        if step % 50 == 0:
            print(f"step {step}: noise error {sum(window) / len(window):.3f}   (saying zero: 1.0)")
            window.clear()


if __name__ == "__main__":
    main()
