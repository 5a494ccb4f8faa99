"""Seedling species from leaf outlines."""
import argparse
import math
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from preprocess import SPECIES, FieldCampaign, build_cache, load_cache


@dataclass
class Options:
    plots: int = 64
    per_plot: int = 60
    epochs: int = 5
    batch_size: int = 32
    lr: float = 2e-3
    weight_decay: float = 1e-3
    smoothing: float = 0.0
    channels: int = 24
    seed: int = 3
    jitter: float = 0.002

    @classmethod
    def from_command_line(cls):
        ap = argparse.ArgumentParser(description=__doc__)
        for k, v in cls().__dict__.items():
            ap.add_argument(f"--{k}", type=type(v), default=v)
        return cls(**vars(ap.parse_args()))


class LeafDataset(Dataset):
    def __init__(self, table, stats=None, jitter=0.0):
        profile, site = torch.from_numpy(table["profile"]), torch.from_numpy(table["site"])
        if stats is None:
            stats = profile.mean(0), profile.std(0), site.mean(0), site.std(0)
        self.stats = stats
        self.profile = (profile - stats[0]) / stats[1]
        self.site = (site - stats[2]) / stats[3]
        self.species = torch.from_numpy(table["species"]).long()
        self.jitter = jitter

    def __len__(self):
        return len(self.species)

    def __getitem__(self, i):
        p = self.profile[i]
        if self.jitter:
            p = p + self.jitter * torch.randn_like(p)
        return {"profile": p, "site": self.site[i], "species": self.species[i]}


class CircularConv(nn.Module):
    """The outline closes on itself, so the convolution wraps around."""

    def __init__(self, c_in, c_out, kernel=5, stride=1):
        super().__init__()
        self.conv = nn.Conv1d(c_in, c_out, kernel, stride, kernel // 2, padding_mode="circular")
        self.norm = nn.BatchNorm1d(c_out)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class LeafNet(nn.Module):
    def __init__(self, opts):
        super().__init__()
        c = opts.channels
        self.outline = nn.Sequential(OrderedDict(
            first=CircularConv(1, c), second=CircularConv(c, c, stride=2), third=CircularConv(c, c, stride=2)))
        self.site = nn.Linear(2, 8)
        self.classify = nn.Sequential(nn.Linear(10 * c + 8, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, len(SPECIES)))

    def forward(self, profile, site):
        h = self.outline(profile[:, None]).flatten(1)
        return self.classify(torch.cat([h, torch.tanh(self.site(site))], dim=1))


class Classifier:
    def __init__(self, opts, model, train_set, valid_set, workdir):
        self.opts, self.model, self.workdir = opts, model, Path(workdir)
        self.train_loader = DataLoader(train_set, opts.batch_size, shuffle=True, drop_last=True)
        self.valid_loader = DataLoader(valid_set, 200)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=opts.lr, weight_decay=opts.weight_decay)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, opts.epochs * len(self.train_loader), eta_min=opts.lr / 50)

    def loss(self, batch):
        logits = self.model(batch["profile"], batch["site"])
        return logits, F.cross_entropy(logits, batch["species"], label_smoothing=self.opts.smoothing)

    def epoch(self):
        self.model.train()
        stats = np.zeros(3)
        for batch in self.train_loader:
            logits, loss = self.loss(batch)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            n = len(logits)
            stats += [loss.item() * n, (logits.argmax(1) == batch["species"]).sum().item(), n]
        return stats[:2] / stats[2]

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        guess, truth, losses = [], [], []
        for batch in self.valid_loader:
            logits, loss = self.loss(batch)
            losses.append(loss.item() * len(logits))
            guess.append(logits.argmax(1))
            truth.append(batch["species"])
        guess, truth = torch.cat(guess), torch.cat(truth)
        f1 = []
        for k in range(len(SPECIES)):
            tp = ((guess == k) & (truth == k)).sum().item()
            f1.append(2 * tp / max(1, (guess == k).sum().item() + (truth == k).sum().item()))
        return sum(losses) / len(truth), (guess == truth).float().mean().item(), sum(f1) / len(f1)

    def fit(self):
        best = (-math.inf, 0)
        for e in range(1, self.opts.epochs + 1):
            loss, acc = self.epoch()
            v_loss, v_acc, f1 = self.validate()
            print(f"{e:02d} train {loss:.3f}/{acc:.3f} valid {v_loss:.3f}/{v_acc:.3f} macro-f1 {f1:.3f}")
            if f1 > best[0]:
                best = (f1, e)
                torch.save(self.model.state_dict(), self.workdir / "leaf.pt")
        return best


def main():
    opts = Options.from_command_line()
    torch.manual_seed(opts.seed)
    with tempfile.TemporaryDirectory() as workdir:
        cache = Path(workdir) / "leaves.npz"
        build_cache(FieldCampaign(opts.plots, opts.per_plot, opts.seed), cache)
        train_table, valid_table = load_cache(cache, seed=opts.seed)
        train_set = LeafDataset(train_table, jitter=opts.jitter)
        valid_set = LeafDataset(valid_table, train_set.stats)
        print(len(train_set), "training leaves,", len(valid_set), "held out")
        f1, epoch = Classifier(opts, LeafNet(opts), train_set, valid_set, workdir).fit()
    print(f"best macro-f1 {f1:.3f} (epoch {epoch})")


if __name__ == "__main__":
    main()
