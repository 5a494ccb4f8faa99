"""Stratified k-fold evaluation of a fault classifier on pump telemetry.

Every fold gets a fresh model, class-balanced sampling and focal loss; the score
is the out-of-fold balanced accuracy.
"""
import copy
import json
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Sampler, TensorDataset

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
log = logging.getLogger("folds")

FAULTS = ["none", "cavitation", "bearing", "seal"]
PRIOR = [0.80, 0.10, 0.06, 0.04]


def telemetry(rows, seed):
    rng = np.random.default_rng(seed)
    fault = rng.choice(len(FAULTS), size=rows, p=PRIOR)
    load, speed = rng.uniform(0.3, 1.0, rows), rng.uniform(900, 3000, rows)
    hidden = rng.standard_normal((rows, 4))
    pressure = 6 * load - 1.4 * (fault == 1) * load + 0.35 * hidden[:, 0]
    vibration = 0.8 + speed / 2500 + 1.0 * (fault == 2) * (speed / 1500) + 0.5 * (fault == 1) + 0.25 * hidden[:, 1]
    temperature = 35 + 22 * load + 9 * (fault == 2) + 5 * (fault == 3) + 2.0 * hidden[:, 2]
    leakage = np.exp(0.4 * hidden[:, 3] + 1.3 * (fault == 3) * load)
    nuisance = rng.standard_normal((rows, 4))
    x = np.column_stack([load, speed, pressure, vibration, temperature, leakage, nuisance])
    return x.astype(np.float32), fault


def stratified_folds(y, k, rng):
    fold = np.empty(len(y), dtype=int)
    for c in np.unique(y):
        where = rng.permutation(np.flatnonzero(y == c))
        fold[where] = np.arange(len(where)) % k
    for i in range(k):
        yield np.flatnonzero(fold != i), np.flatnonzero(fold == i)


class BalancedSampler(Sampler):
    """Draws classes in turn with square-root smoothing, rows within a class at random."""

    def __init__(self, y, length, seed):
        self.by_class = [np.flatnonzero(y == c) for c in np.unique(y)]
        share = np.sqrt([len(w) for w in self.by_class])
        self.p, self.length = share / share.sum(), length
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return self.length

    def __iter__(self):
        for c in self.rng.choice(len(self.by_class), size=self.length, p=self.p):
            yield int(self.rng.choice(self.by_class[c]))


class FocalLoss(nn.Module):
    def __init__(self, gamma):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, y):
        log_p = F.log_softmax(logits, dim=1).gather(1, y[:, None]).squeeze(1)
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()


class PumpNet(nn.Module):
    def __init__(self, n_in, widths, dropout):
        super().__init__()
        layers = []
        for w in widths:
            layers += [nn.Linear(n_in, w), nn.LayerNorm(w), nn.SiLU(), nn.Dropout(dropout)]
            n_in = w
        self.net = nn.Sequential(*layers, nn.Linear(n_in, len(FAULTS)))

    def forward(self, x):
        return self.net(x)


def balanced_accuracy(guess, y):
    return float(np.mean([(guess[y == c] == c).mean() for c in np.unique(y)]))


class FoldRunner:
    def __init__(self, cfg, x, y, folder):
        self.cfg, self.x, self.y, self.folder = cfg, x, y, Path(folder)

    def prepare(self, train, test):
        mean, std = self.x[train].mean(0), self.x[train].std(0)
        scaled = torch.from_numpy((self.x - mean) / std)
        labels = torch.from_numpy(self.y)
        return (TensorDataset(scaled[train], labels[train]), TensorDataset(scaled[test], labels[test]))

    def predict(self, model, data):
        model.eval()
        with torch.no_grad():
            return model(data.tensors[0]).argmax(1).numpy()

    def run(self, number, train, test):
        cfg = self.cfg
        torch.manual_seed(cfg["seed"] + number)
        rng = np.random.default_rng(cfg["seed"] + 100 + number)
        # early stopping looks at a part of the training rows, never at the fold's own test rows
        inner = next(stratified_folds(self.y[train], 6, rng))
        fit_rows, stop_rows = train[inner[0]], train[inner[1]]
        fit_set, stop_set = self.prepare(fit_rows, stop_rows)
        _, test_set = self.prepare(fit_rows, test)
        sampler = BalancedSampler(self.y[fit_rows], len(fit_rows), cfg["seed"] + number)
        loader = DataLoader(fit_set, cfg["batch_size"] // cfg["accumulate"], sampler=sampler, drop_last=True)
        model = PumpNet(self.x.shape[1], cfg["widths"], cfg["dropout"])
        optimizer = torch.optim.AdamW(model.parameters(), lr=cfg["lr"], weight_decay=0.02)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cfg["epochs"], eta_min=cfg["lr"] / 20)
        criterion, best, kept, waited = FocalLoss(cfg["gamma"]), -1.0, None, 0
        for epoch in range(cfg["epochs"]):
            model.train()
            running, batches = 0.0, len(loader)
            optimizer.zero_grad()
            for i, (xb, yb) in enumerate(loader, 1):
                loss = criterion(model(xb), yb)
                (loss / cfg["accumulate"]).backward()
                running += loss.item() / batches
                if i % cfg["accumulate"] == 0 or i == batches:
                    nn.utils.clip_grad_norm_(model.parameters(), 2.0)
                    optimizer.step()
                    optimizer.zero_grad()
            scheduler.step()
            score = balanced_accuracy(self.predict(model, stop_set), self.y[stop_rows])
            if score > best:
                best, kept, waited = score, copy.deepcopy(model.state_dict()), 0
            else:
                waited += 1
            if epoch % 3 == 0 or waited >= cfg["patience"]:
                log.info("  fold %d epoch %2d loss %.4f balanced %.3f", number, epoch, running, score)
            if waited >= cfg["patience"]:
                break
        torch.save(kept, self.folder / f"fold{number}.pt")
        model.load_state_dict(kept)
        return self.predict(model, test_set)


def main():
    cfg = json.loads((Path(__file__).resolve().parent / "config.json").read_text())
    x, y = telemetry(cfg["rows"], cfg["seed"])
    log.info("classes %s", {FAULTS[k]: n for k, n in sorted(Counter(y.tolist()).items())})
    out_of_fold = np.full(len(y), -1)
    with tempfile.TemporaryDirectory() as folder:
        runner = FoldRunner(cfg, x, y, folder)
        for k, (train, test) in enumerate(stratified_folds(y, cfg["folds"], np.random.default_rng(cfg["seed"]))):
            out_of_fold[test] = runner.run(k, train, test)
            log.info("fold %d test balanced accuracy %.3f", k, balanced_accuracy(out_of_fold[test], y[test]))
    recall = {FAULTS[c]: round(float((out_of_fold[y == c] == c).mean()), 3) for c in range(len(FAULTS))}
    log.info("out of fold: balanced accuracy %.3f, recall %s", balanced_accuracy(out_of_fold, y), recall)


if __name__ == "__main__":
    main()
