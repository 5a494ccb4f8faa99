"""Joint estimation from ECG-like strips: rhythm class, heart rate and a noise flag.

The three losses are balanced by learned log-variances; training stops when the
combined validation score no longer improves, and the best weights are restored.
"""
import copy
import json
import logging
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="[%(levelname)s] %(message)s")
log = logging.getLogger("multitask")

CONFIG = json.loads("""
{"data": {"train": 1600, "valid": 400, "length": 160, "seed": 42},
 "model": {"width": 20, "hidden": 48},
 "train": {"max_epochs": 9, "batch": 40, "lr": 0.004, "patience": 3, "clip": 3.0}}
""", object_hook=lambda d: SimpleNamespace(**d))

RHYTHMS = ["regular", "bigeminy", "irregular", "dropped"]


class Strips(Dataset):
    def __init__(self, count, length, seed, rate_stats=None):
        rng = np.random.default_rng(seed)
        signal, rhythm, rate, noisy = [], [], [], []
        for _ in range(count):
            kind, gap = rng.integers(len(RHYTHMS)), rng.uniform(14, 30)
            x, t, beat = np.zeros(length), rng.uniform(0, gap), 0
            axis = np.arange(length)
            while t < length:
                if not (kind == 3 and beat % 3 == 2):
                    x += np.exp(-0.5 * ((axis - t) / 1.2) ** 2) + 0.25 * np.exp(-0.5 * ((axis - t - gap * 0.3) / 2.5) ** 2)
                step = {0: gap, 1: gap * (0.65 if beat % 2 == 0 else 1.35), 3: gap}.get(int(kind))
                t += rng.uniform(0.5, 1.5) * gap if step is None else step
                beat += 1
            bad = rng.random() < 0.4
            x += 0.05 * rng.standard_normal(length)
            if bad:
                x += 0.35 * np.sin(2 * np.pi * axis / rng.uniform(3, 5) + rng.uniform(0, 6)) + 0.1 * rng.standard_normal(length)
            signal.append(x)
            rhythm.append(kind)
            rate.append(60 * 20 / gap)
            noisy.append(bad)
        self.signal = torch.tensor(np.stack(signal), dtype=torch.float32)
        self.rhythm, self.noisy = torch.tensor(np.array(rhythm)), torch.tensor(noisy).float()
        rate = torch.tensor(rate, dtype=torch.float32)
        self.rate_stats = rate_stats or (rate.mean().item(), rate.std().item())
        self.rate = (rate - self.rate_stats[0]) / self.rate_stats[1]

    def __len__(self):
        return len(self.rate)

    def __getitem__(self, i):
        return {"signal": self.signal[i], "rhythm": self.rhythm[i], "rate": self.rate[i], "noisy": self.noisy[i]}


class SharedTrunk(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, width, 7, 2, 3), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Conv1d(width, width, 5, 2, 2), nn.BatchNorm1d(width), nn.ReLU())
        self.gru = nn.GRU(width, hidden, batch_first=True)

    def forward(self, x):
        h, _ = self.gru(self.conv(x[:, None]).transpose(1, 2))
        return torch.cat([h.mean(1), h.amax(1)], dim=1)


class MultiTaskNet(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.trunk = SharedTrunk(width, hidden)
        self.heads = nn.ModuleDict({"rhythm": nn.Linear(2 * hidden, len(RHYTHMS)),
                                    "rate": nn.Linear(2 * hidden, 1), "noisy": nn.Linear(2 * hidden, 1)})

    def forward(self, x):
        z = self.trunk(x)
        out = {name: head(z) for name, head in self.heads.items()}
        return {k: v.squeeze(1) if v.shape[1] == 1 else v for k, v in out.items()}


class UncertaintyWeighting(nn.Module):
    """Homoscedastic weighting: exp(-s) L + s / 2 per task."""

    def __init__(self, tasks):
        super().__init__()
        self.log_var = nn.ParameterDict({t: nn.Parameter(torch.zeros(())) for t in tasks})

    def forward(self, out, batch):
        losses = {"rhythm": F.cross_entropy(out["rhythm"], batch["rhythm"]),
                  "rate": 0.5 * F.mse_loss(out["rate"], batch["rate"]),
                  "noisy": F.binary_cross_entropy_with_logits(out["noisy"], batch["noisy"])}
        total = sum(torch.exp(-self.log_var[t]) * v + 0.5 * self.log_var[t] for t, v in losses.items())
        return total, {t: v.item() for t, v in losses.items()}


@torch.no_grad()
def validate(model, loader):
    model.eval()
    pieces = [(model(b["signal"]), b) for b in loader]
    out = {k: torch.cat([o[k] for o, _ in pieces]) for k in ("rhythm", "rate", "noisy")}
    true = {k: torch.cat([b[k] for _, b in pieces]) for k in out}
    return {"rhythm": (out["rhythm"].argmax(1) == true["rhythm"]).float().mean().item(),
            "rate_r2": 1 - F.mse_loss(out["rate"], true["rate"]).item() / true["rate"].var().item(),
            "noisy": ((out["noisy"] > 0).float() == true["noisy"]).float().mean().item()}


def fit(cfg, model, weighting, train_loader, valid_loader, folder):
    optimizer = torch.optim.Adam([
        {"params": model.parameters(), "lr": cfg.lr},
        {"params": weighting.parameters(), "lr": cfg.lr * 2}])
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.4, patience=1)
    best, best_state, waited = -1e9, None, 0
    for epoch in range(cfg.max_epochs):
        model.train()
        sums = {}
        for batch in train_loader:
            total, parts = weighting(model(batch["signal"]), batch)
            optimizer.zero_grad()
            total.backward()
            nn.utils.clip_grad_norm_(model.parameters(), cfg.clip)
            optimizer.step()
            for k, v in {**parts, "total": total.item()}.items():
                sums[k] = sums.get(k, 0.0) + v / len(train_loader)
        scores = validate(model, valid_loader)
        combined = sum(scores.values()) / len(scores)
        schedule.step(combined)
        log.info("epoch %d  %s  ->  %s", epoch, {k: round(v, 3) for k, v in sums.items()},
                 {k: round(v, 3) for k, v in scores.items()})
        if combined > best + 1e-3:
            best, best_state, waited = combined, copy.deepcopy(model.state_dict()), 0
            torch.save({"model": best_state, "weights": weighting.state_dict()}, Path(folder) / "best.pt")
        else:
            waited += 1
            if waited >= cfg.patience:
                log.info("stopping after epoch %d", epoch)
                break
    model.load_state_dict(best_state)
    return validate(model, valid_loader)


def main():
    d = CONFIG.data
    torch.manual_seed(d.seed)
    train_set = Strips(d.train, d.length, d.seed)
    valid_set = Strips(d.valid, d.length, d.seed + 1, train_set.rate_stats)
    model = MultiTaskNet(**vars(CONFIG.model))
    loaders = DataLoader(train_set, CONFIG.train.batch, shuffle=True), DataLoader(valid_set, 200)
    with tempfile.TemporaryDirectory() as folder:
        scores = fit(CONFIG.train, model, UncertaintyWeighting(["rhythm", "rate", "noisy"]), *loaders, folder)
    log.info("restored best weights: %s", {k: round(v, 3) for k, v in scores.items()})


if __name__ == "__main__":
    main()
