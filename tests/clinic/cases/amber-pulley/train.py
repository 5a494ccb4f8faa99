"""Spoken-command recognition on small log-mel patches.

A compact depthwise-separable CNN, trained with warm-up + cosine decay and
light augmentation (time shift, gain jitter). Results go to a run folder.
"""
import argparse
import json
import math
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


@dataclass
class Config:
    n_commands: int = 60
    n_mels: int = 20
    n_frames: int = 24
    train_per_command: int = 30
    valid_per_command: int = 10
    batch_size: int = 48
    epochs: int = 14
    lr: float = 0.04
    weight_decay: float = 1e-4
    warmup: int = 40
    width: int = 24
    noise: float = 0.9
    label_smoothing: float = 0.02
    seed: int = 1234


def parse_config() -> Config:
    ap = argparse.ArgumentParser()
    for name, value in asdict(Config()).items():
        ap.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    return Config(**vars(ap.parse_args()))


def command_template(rng, cfg):
    """A few formant-like tracks gliding over the time axis."""
    patch = np.zeros((cfg.n_mels, cfg.n_frames), dtype=np.float32)
    t = np.arange(cfg.n_frames)
    mel = np.arange(cfg.n_mels)[:, None]
    for _ in range(3):
        centre = rng.uniform(2, cfg.n_mels - 2)
        glide = rng.uniform(-4, 4)
        track = centre + glide * np.sin(np.pi * t / cfg.n_frames + rng.uniform(0, np.pi))
        on = rng.integers(0, cfg.n_frames // 2)
        env = ((t >= on) & (t < on + rng.integers(6, 14))).astype(np.float32)
        patch += env * np.exp(-0.5 * ((mel - track) / 1.1) ** 2)
    return patch


class CommandPatches(Dataset):
    def __init__(self, cfg, templates, per_command, seed, augment):
        self.cfg, self.augment = cfg, augment
        rng = np.random.default_rng(seed)
        xs, ys = [], []
        for k, template in enumerate(templates):
            for _ in range(per_command):
                gain = rng.uniform(0.7, 1.3)
                patch = np.roll(template, rng.integers(-1, 2), axis=1) * gain
                xs.append(patch + cfg.noise * rng.standard_normal(patch.shape))
                ys.append(k)
        x = np.stack(xs).astype(np.float32)
        self.x = torch.from_numpy((x - x.mean()) / x.std())
        self.y = torch.tensor(ys)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        if self.augment:
            x = torch.roll(x, random.randint(-1, 1), dims=1) * random.uniform(0.85, 1.15)
        return x.unsqueeze(0), self.y[i]


class SeparableBlock(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.dw = nn.Conv2d(c_in, c_in, 3, stride, 1, groups=c_in, bias=False)
        self.pw = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x):
        return F.relu(self.bn(self.pw(self.dw(x))))


class CommandHead(nn.Module):
    """Scores for the command vocabulary; the device firmware reads them as they come."""

    def __init__(self, dim, n_commands, temperature=1.0):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.proj = nn.Linear(dim, n_commands)
        self.temperature = temperature

    def forward(self, h):
        return F.softmax(self.proj(self.norm(h)) / self.temperature, dim=-1)


class CommandNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        w = cfg.width
        self.stem = nn.Sequential(nn.Conv2d(1, w, 3, 2, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU())
        self.blocks = nn.Sequential(SeparableBlock(w, 2 * w, 2), SeparableBlock(2 * w, 2 * w, 1))
        self.embed = nn.Linear(2 * w * math.ceil(cfg.n_mels / 4) * math.ceil(cfg.n_frames / 4), 64)
        self.head = CommandHead(64, cfg.n_commands)

    def forward(self, x):
        h = self.blocks(self.stem(x)).flatten(1)
        return self.head(F.relu(self.embed(h)))


class Trainer:
    def __init__(self, cfg, model, train_set, valid_set, run_dir):
        self.cfg, self.model, self.run_dir = cfg, model, Path(run_dir)
        gen = torch.Generator().manual_seed(cfg.seed)
        self.train_loader = DataLoader(train_set, cfg.batch_size, shuffle=True, drop_last=True, generator=gen)
        self.valid_loader = DataLoader(valid_set, 256)
        self.criterion = nn.CrossEntropyLoss(label_smoothing=cfg.label_smoothing)
        self.optimizer = torch.optim.SGD(
            model.parameters(), cfg.lr, momentum=0.9, nesterov=True, weight_decay=cfg.weight_decay)
        total = cfg.epochs * len(self.train_loader)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer,
            lambda s: min(1.0, (s + 1) / cfg.warmup) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * s / total))),
        )
        self.history, self.best = [], 0.0

    def train_epoch(self):
        self.model.train()
        total, seen = 0.0, 0
        for x, y in self.train_loader:
            loss = self.criterion(self.model(x), y)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            self.scheduler.step()
            total += loss.item() * len(y)
            seen += len(y)
        return total / seen

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        top1 = top5 = n = 0
        for x, y in self.valid_loader:
            order = self.model(x).topk(5, dim=1).indices
            top1 += (order[:, 0] == y).sum().item()
            top5 += (order == y[:, None]).any(1).sum().item()
            n += len(y)
        return top1 / n, top5 / n

    def fit(self):
        for epoch in range(1, self.cfg.epochs + 1):
            t0 = time.time()
            loss = self.train_epoch()
            top1, top5 = self.validate()
            self.history.append(dict(epoch=epoch, loss=loss, top1=top1, top5=top5))
            if top1 > self.best:
                self.best = top1
                torch.save(self.model.state_dict(), self.run_dir / "best.pt")
            print(f"epoch {epoch:02d}  loss {loss:.4f}  top1 {top1:.3f}  top5 {top5:.3f}  {time.time() - t0:.1f}s")
        (self.run_dir / "history.json").write_text(json.dumps(self.history))
        return self.best


def main():
    cfg = parse_config()
    random.seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    templates = [command_template(rng, cfg) for _ in range(cfg.n_commands)]
    train_set = CommandPatches(cfg, templates, cfg.train_per_command, cfg.seed + 1, augment=True)
    valid_set = CommandPatches(cfg, templates, cfg.valid_per_command, cfg.seed + 2, augment=False)
    model = CommandNet(cfg)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(train_set)} training patches")
    run_dir = tempfile.mkdtemp(prefix="commands_")
    try:
        best = Trainer(cfg, model, train_set, valid_set, run_dir).fit()
        print(f"best top1 {best:.3f}")
    finally:
        shutil.rmtree(run_dir)


if __name__ == "__main__":
    main()
