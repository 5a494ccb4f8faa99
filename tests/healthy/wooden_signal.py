"""Teacher/student training for a small-footprint gesture classifier.

Stage 1 trains a wide teacher; stage 2 distils it into a narrow student with
softened targets.  Both stages share the data module and the evaluation code.
"""
import argparse
import copy
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

log = logging.getLogger("distil")


@dataclass
class StageConfig:
    name: str
    epochs: int
    lr: float
    hidden: int
    layers: int


class GestureData(Dataset):
    """Pen-like trajectories: sums of two harmonics per axis, resampled and rotated a little."""

    N_CLASSES, LENGTH = 12, 32

    def __init__(self, count, seed, shapes):
        rng = np.random.default_rng(seed)
        self.y = torch.from_numpy(rng.integers(0, self.N_CLASSES, size=count))
        t = np.linspace(0, 2 * np.pi, self.LENGTH)
        xs = []
        for k in self.y.tolist():
            warp = t + 0.3 * rng.uniform() * np.sin(t)
            pts = np.stack([sum(a * np.sin((h + 1) * warp + p) for h, (a, p) in enumerate(axis)) for axis in shapes[k]])
            phi = rng.normal(0, 0.25)
            rot = np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
            xs.append(rot @ pts * rng.uniform(0.8, 1.2) + 0.35 * rng.standard_normal(pts.shape))
        self.x = torch.from_numpy(np.stack(xs)).float()

    @staticmethod
    def shapes(seed):
        rng = np.random.default_rng(seed)
        amp = rng.uniform(0.2, 1.0, size=(GestureData.N_CLASSES, 2, 2, 1))
        phase = rng.uniform(0, 2 * np.pi, size=amp.shape)
        return np.concatenate([amp, phase], axis=-1)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class GestureNet(nn.Module):
    def __init__(self, hidden, layers):
        super().__init__()
        body, c = [], 2
        for _ in range(layers):
            body += [nn.Conv1d(c, hidden, 5, stride=2, padding=2), nn.BatchNorm1d(hidden), nn.ReLU()]
            c = hidden
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(hidden, GestureData.N_CLASSES)

    def forward(self, x):
        return self.head(self.body(x).mean(-1))


class DistillationLoss(nn.Module):
    def __init__(self, teacher, temperature=3.0, alpha=0.7):
        super().__init__()
        self.teacher = copy.deepcopy(teacher).eval().requires_grad_(False)
        self.t, self.alpha = temperature, alpha

    def forward(self, logits, x, y):
        with torch.no_grad():
            soft = F.softmax(self.teacher(x) / self.t, dim=-1)
        kd = F.kl_div(F.log_softmax(logits / self.t, dim=-1), soft, reduction="batchmean") * self.t ** 2
        return self.alpha * kd + (1 - self.alpha) * F.cross_entropy(logits, y)


class HardLoss(nn.Module):
    def forward(self, logits, x, y):
        return F.cross_entropy(logits, y, label_smoothing=0.05)


@torch.no_grad()
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    model.train(was_training)
    return hits / len(loader.dataset)


def run_stage(stage, model, loss_fn, train_loader, valid_loader, folder):
    optimizer = torch.optim.AdamW(model.parameters(), lr=stage.lr, weight_decay=0.01)
    total = stage.epochs * len(train_loader)
    scheduler = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, total // 10),
         torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total - total // 10)],
        milestones=[total // 10])
    best, path = 0.0, Path(folder) / f"{stage.name}.pt"
    for epoch in range(stage.epochs):
        model.train()
        running = 0.0
        for x, y in train_loader:
            optimizer.zero_grad(set_to_none=True)
            loss = loss_fn(model(x), x, y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            scheduler.step()
            running += loss.item()
        acc = accuracy(model, valid_loader)
        log.info("%s %2d/%d loss %.4f valid %.3f", stage.name, epoch + 1, stage.epochs, running / len(train_loader), acc)
        if acc > best:
            best = acc
            torch.save(model.state_dict(), path)
    model.load_state_dict(torch.load(path))
    return best


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--temperature", type=float, default=3.0)
    ap.add_argument("--alpha", type=float, default=0.7)
    ap.add_argument("--seed", type=int, default=8)
    args = ap.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(args.seed)

    shapes = GestureData.shapes(args.seed)
    train_set, valid_set = GestureData(2000, args.seed + 1, shapes), GestureData(600, args.seed + 2, shapes)
    train_loader = DataLoader(train_set, 64, shuffle=True, drop_last=True)
    valid_loader = DataLoader(valid_set, 300)
    with tempfile.TemporaryDirectory() as folder:
        stage = StageConfig("teacher", 8, 4e-3, 48, 3)
        teacher = GestureNet(stage.hidden, stage.layers)
        top = run_stage(stage, teacher, HardLoss(), train_loader, valid_loader, folder)
        stage = StageConfig("student", 12, 6e-3, 12, 2)
        student = GestureNet(stage.hidden, stage.layers)
        loss_fn = DistillationLoss(teacher, args.temperature, args.alpha)
        small = run_stage(stage, student, loss_fn, train_loader, valid_loader, folder)
    size = [sum(p.numel() for p in m.parameters()) for m in (teacher, student)]
    log.info("teacher %.3f (%d weights) student %.3f (%d weights)", top, size[0], small, size[1])


if __name__ == "__main__":
    main()
