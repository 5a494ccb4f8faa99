"""LoRA fine-tuning of a frozen regressor on a shifted task, with a small Trainer."""
from dataclasses import dataclass, field

import torch
import torch.nn as nn


@dataclass
class TrainingConfig:
    lr: float = 2e-2
    steps: int = 400
    batch_size: int = 64
    rank: int = 4
    log_every: int = 80
    betas: tuple = field(default=(0.9, 0.99))


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features ** 0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.A.t() @ self.B.t()


class Trainer:
    def __init__(self, model, data, config):
        self.model, self.data, self.config = model, data, config
        self.optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=config.lr, momentum=0.9)

    def next_batch(self):
        x, y = self.data
        idx = torch.randint(0, len(x), (self.config.batch_size,))
        return x[idx], y[idx]

    def optimizer_step(self):
        self.optimizer.step()

    def training_step(self, batch):
        x, y = batch
        loss = nn.functional.mse_loss(self.model(x), y)
        loss.backward()
        self.optimizer_step()
        return loss.detach()

    def fit(self):
        for step in range(self.config.steps):
            loss = self.training_step(self.next_batch())
            if step % self.config.log_every == 0:
                print(f'step={step} train/loss={loss:.5f}')


def pretrained():
    """A network that already knows the old instrument."""
    net = nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 3))
    with torch.no_grad():
        net[2].weight.mul_(3)
    return net


torch.manual_seed(123)
teacher = pretrained()
student = nn.Sequential(LoRALinear(nn.Linear(16, 64), 4), nn.Tanh(), LoRALinear(nn.Linear(64, 3), 3))
student[0].base.load_state_dict(teacher[0].state_dict())
student[2].base.load_state_dict(teacher[2].state_dict())
with torch.no_grad():
    x = torch.randn(3000, 16)
    shift = torch.randn(3, 2) @ torch.randn(2, 16) / 3
    y = teacher(x) + torch.tanh(x @ shift.t())
    scale = (y - teacher(x)).var().item()

Trainer(student, (x[:2500], y[:2500]), TrainingConfig()).fit()
with torch.no_grad():
    print(f'test mse {(student(x[2500:]) - y[2500:]).pow(2).mean().item():.3f} (before tuning {scale:.3f})')
