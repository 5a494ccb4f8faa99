"""Remaining-useful-life classes from multi-channel vibration segments (PyTorch)."""
import dataclasses
import random
import sys
import tempfile
from pathlib import Path
from typing import Dict, List

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, RandomSampler


@dataclasses.dataclass
class Settings:
    machines: int = 40
    segments_per_machine: int = 36
    valid_machines: int = 10
    length: int = 64
    channels: int = 3
    width: int = 24
    epochs: int = 10
    batch_size: int = 32
    lr: float = 0.03
    momentum: float = 0.9
    weight_decay: float = 5e-4
    milestones: tuple = (6, 9)
    log_interval: int = 15
    seed: int = 4


STAGES = ["new", "run-in", "worn", "spalled", "critical"]


def machine_segments(rng: np.random.Generator, s: Settings):
    """One machine's segments: wear adds side bands and impulses to the shaft tone."""
    t = np.arange(s.length)
    shaft = rng.uniform(0.06, 0.12)
    signs, stages = [], []
    for _ in range(s.segments_per_machine):
        stage = int(rng.integers(len(STAGES)))
        wear = stage / (len(STAGES) - 1)
        rows = []
        for c in range(s.channels):
            x = np.sin(2 * np.pi * (shaft * t + rng.uniform()))
            x += wear * (0.5 + 0.3 * c) * np.sin(2 * np.pi * (3.6 * shaft * t + rng.uniform()))
            period = 7 + 2 * c
            hits = ((t + rng.integers(period)) % period == 0) * (2.4 * max(0.0, wear - 0.4))
            rows.append(x + hits + 0.25 * rng.standard_normal(s.length))
        signs.append(np.stack(rows))
        stages.append(stage)
    return np.stack(signs), np.array(stages)


class VibrationSegments(Dataset):
    def __init__(self, machines: List, mean=None, std=None):
        self.x = torch.from_numpy(np.concatenate([m[0] for m in machines])).float()
        self.y = torch.from_numpy(np.concatenate([m[1] for m in machines]))
        self.mean = self.x.mean((0, 2), keepdim=True) if mean is None else mean
        self.std = self.x.std((0, 2), keepdim=True) if std is None else std
        self.x = (self.x - self.mean) / self.std

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i) -> Dict[str, torch.Tensor]:
        return {"signal": self.x[i], "stage": self.y[i]}


class ResBlock(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation),
            nn.GroupNorm(4, width), nn.ReLU(),
            nn.Conv1d(width, width, 1), nn.GroupNorm(4, width),
        )

    def forward(self, x):
        return torch.relu(x + self.net(x))


class WearNet(nn.Module):
    def __init__(self, s: Settings):
        super().__init__()
        self.stem = nn.Conv1d(s.channels, s.width, 5, padding=2)
        self.blocks = nn.Sequential(*[ResBlock(s.width, d) for d in (1, 2, 4)])
        self.head = nn.Linear(2 * s.width, len(STAGES))

    def forward(self, x):
        h = self.blocks(torch.relu(self.stem(x)))
        return self.head(torch.cat([h.mean(-1), h.amax(-1)], dim=1))


class Meter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.total, self.count = 0.0, 0

    def add(self, value, n=1):
        self.total += value * n
        self.count += n

    @property
    def value(self):
        return self.total / max(1, self.count)


class Trainer:
    def __init__(self, settings, model, train_set, valid_set, out_dir):
        self.s, self.model = settings, model
        gen = torch.Generator().manual_seed(settings.seed)
        self.train_loader = DataLoader(train_set, settings.batch_size, drop_last=True,
                                       sampler=RandomSampler(train_set, generator=gen))
        self.valid_loader = DataLoader(valid_set, 120)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = self._build_optimizer()
        self.scheduler = torch.optim.lr_scheduler.MultiStepLR(self.optimizer, settings.milestones, gamma=0.2)
        self.loss_meter, self.checkpoint = Meter(), Path(out_dir) / "wear.pt"
        self.best = {"accuracy": 0.0, "epoch": 0}

    def _build_optimizer(self):
        decay = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        return torch.optim.SGD(
            [{"params": decay, "weight_decay": self.s.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=self.s.lr, momentum=self.s.momentum)

    def on_epoch_start(self):
        self.model.train()
        self.loss_meter.reset()
        self.optimizer.zero_grad(set_to_none=True)

    def training_step(self, batch):
        loss = self.criterion(self.model(batch["signal"]), batch["stage"])
        loss.backward()
        self.optimizer.step()
        self.loss_meter.add(loss.item(), len(batch["stage"]))

    @torch.inference_mode()
    def validate(self):
        self.model.eval()
        confusion = torch.zeros(len(STAGES), len(STAGES), dtype=torch.long)
        for batch in self.valid_loader:
            guess = self.model(batch["signal"]).argmax(1)
            confusion.index_put_((batch["stage"], guess), torch.ones_like(guess), accumulate=True)
        recall = confusion.diag() / confusion.sum(1).clamp(min=1)
        return {"accuracy": (confusion.diag().sum() / confusion.sum()).item(), "recall": recall.tolist()}

    def fit(self):
        for epoch in range(1, self.s.epochs + 1):
            self.on_epoch_start()
            for i, batch in enumerate(self.train_loader, 1):
                self.training_step(batch)
                if i % self.s.log_interval == 0:
                    print(f"  {epoch}:{i:3d} loss {self.loss_meter.value:.4f}", file=sys.stderr)
            self.scheduler.step()
            result = self.validate()
            print(f"epoch {epoch:2d} loss {self.loss_meter.value:.4f} accuracy {result['accuracy']:.3f} recall "
                  + " ".join(f"{s}={r:.2f}" for s, r in zip(STAGES, result["recall"])))
            if result["accuracy"] >= self.best["accuracy"]:
                self.best = {"accuracy": result["accuracy"], "epoch": epoch}
                torch.save({"state": self.model.state_dict(), **self.best}, self.checkpoint)
        return self.best


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


if __name__ == "__main__":
    settings = Settings()
    seed_everything(settings.seed)
    rng = np.random.default_rng(settings.seed)
    machines = [machine_segments(rng, settings) for _ in range(settings.machines)]
    train_set = VibrationSegments(machines[settings.valid_machines:])
    valid_set = VibrationSegments(machines[:settings.valid_machines], train_set.mean, train_set.std)
    print(f"{len(train_set)} segments to train on, {len(valid_set)} from unseen machines")
    with tempfile.TemporaryDirectory() as out_dir:
        best = Trainer(settings, WearNet(settings), train_set, valid_set, out_dir).fit()
    print(f"best epoch {best['epoch']}: accuracy {best['accuracy']:.3f}")
