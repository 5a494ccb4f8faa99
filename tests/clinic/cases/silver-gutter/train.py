"""Loan-book default scoring: embeddings for the categorical columns, residual MLP,
weighted sampling, checkpoint of the last state.

The books come from three branches with their own customer mix.
"""
import argparse
import json
import logging
import pathlib
import tempfile

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

LOG = logging.getLogger(__name__)

CARDINALITY = {"branch": 3, "region": 60, "employer": 150, "product": 8}
NUMERIC = ["age", "income", "amount", "term", "tenure", "utilisation"]


def make_book(count, rng):
    cat = np.stack([rng.integers(0, n, size=count) for n in CARDINALITY.values()], axis=1)
    num = rng.standard_normal((count, len(NUMERIC)))
    num[:, 1] += 0.4 * num[:, 0]
    num[:, 2] += 0.5 * num[:, 1]
    product_risk = np.linspace(-1.0, 1.0, CARDINALITY["product"])
    score = (1.1 * num[:, 2] - 1.4 * num[:, 1] + 0.9 * num[:, 5] + product_risk[cat[:, 3]]
             - 0.7 * num[:, 4] * (cat[:, 0] == 1) - 0.3)
    default = rng.random(count) < 1 / (1 + np.exp(-score))
    return cat, num.astype(np.float32), default.astype(np.float32)


class LoanBook(Dataset):
    def __init__(self, cat, num, default):
        self.cat = torch.from_numpy(cat)
        self.num = torch.from_numpy(num)
        self.default = torch.from_numpy(default)

    def __len__(self):
        return len(self.default)

    def __getitem__(self, i):
        return self.cat[i], self.num[i], self.default[i]

    def sampler(self, generator):
        share = self.default.mean()
        weight = torch.where(self.default > 0.5, 0.5 / share, 0.5 / (1 - share))
        return WeightedRandomSampler(weight, len(self), generator=generator)


class ResidualLayer(nn.Module):
    def __init__(self, width, expand, dropout):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, expand * width)
        self.down = nn.Linear(expand * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, h):
        return h + self.drop(self.down(F.gelu(self.up(self.norm(h)))))


class Scorer(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(n, cfg["embed_dim"]) for n in CARDINALITY.values())
        width = cfg["width"]
        self.inlet = nn.Linear(cfg["embed_dim"] * len(CARDINALITY) + len(NUMERIC), width)
        self.layers = nn.ModuleList(ResidualLayer(width, cfg["expand"], cfg["dropout"]) for _ in range(cfg["depth"]))
        self.outlet = nn.Linear(width, 1)

    def forward(self, cat, num):
        parts = [emb(cat[:, i]) for i, emb in enumerate(self.embeddings)]
        h = self.inlet(torch.cat(parts + [num], dim=1))
        for layer in self.layers:
            h = layer(h)
        return self.outlet(F.gelu(h)).squeeze(1)


def auc(score, label):
    order = torch.argsort(score)
    rank = torch.empty_like(order, dtype=torch.float)
    rank[order] = torch.arange(1, len(score) + 1, dtype=torch.float)
    pos = label > 0.5
    n1, n0 = pos.sum(), (~pos).sum()
    return ((rank[pos].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)).item()


class ScoringTrainer:
    def __init__(self, cfg, model, train_set, valid_set, folder):
        self.cfg, self.model, self.valid_set = cfg, model, valid_set
        gen = torch.Generator().manual_seed(cfg["seed"])
        self.loader = DataLoader(train_set, batch_size=cfg["batch_size"], sampler=train_set.sampler(gen))
        self.opt = torch.optim.AdamW(model.parameters(), lr=cfg["lr"], weight_decay=cfg["weight_decay"])
        self.sched = torch.optim.lr_scheduler.OneCycleLR(
            self.opt, cfg["lr"], epochs=cfg["epochs"], steps_per_epoch=len(self.loader))
        self.folder = pathlib.Path(folder)

    def one_epoch(self):
        self.model.train()
        losses, scores, labels = [], [], []
        for cat, num, y in self.loader:
            logit = self.model(cat, num)
            loss = F.binary_cross_entropy_with_logits(logit, y)
            self.opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.opt.step()
            self.sched.step()
            losses.append(loss.item())
            scores.append(logit.detach())
            labels.append(y)
        return float(np.mean(losses)), auc(torch.cat(scores), torch.cat(labels))

    @torch.no_grad()
    def check(self):
        self.model.eval()
        v = self.valid_set
        logit = self.model(v.cat, v.num)
        return F.binary_cross_entropy_with_logits(logit, v.default).item(), auc(logit, v.default)

    def fit(self):
        rows = []
        for epoch in range(1, self.cfg["epochs"] + 1):
            loss, train_auc = self.one_epoch()
            v_loss, v_auc = self.check()
            rows.append([epoch, loss, train_auc, v_loss, v_auc])
            LOG.info("epoch %02d  loss %.4f auc %.3f  |  valid loss %.4f auc %.3f", *rows[-1])
            torch.save({"model": self.model.state_dict(), "opt": self.opt.state_dict()}, self.folder / "last.pt")
        (self.folder / "history.json").write_text(json.dumps(rows))
        return rows[-1]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rows", type=int, default=420)
    ap.add_argument("--valid-rows", type=int, default=1500)
    ap.add_argument("--embed-dim", type=int, default=24)
    ap.add_argument("--width", type=int, default=96)
    ap.add_argument("--expand", type=int, default=3)
    ap.add_argument("--depth", type=int, default=2)
    ap.add_argument("--dropout", type=float, default=0.0)
    ap.add_argument("--weight-decay", type=float, default=0.0)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--batch-size", type=int, default=32)
    ap.add_argument("--epochs", type=int, default=36)
    ap.add_argument("--seed", type=int, default=17)
    cfg = vars(ap.parse_args())
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)

    torch.manual_seed(cfg["seed"])
    rng = np.random.default_rng(cfg["seed"])
    train_set = LoanBook(*make_book(cfg["rows"], rng))
    valid_set = LoanBook(*make_book(cfg["valid_rows"], rng))
    model = Scorer(cfg)
    LOG.info("%d loans, %d weights", len(train_set), sum(p.numel() for p in model.parameters()))
    with tempfile.TemporaryDirectory() as folder:
        last = ScoringTrainer(cfg, model, train_set, valid_set, folder).fit()
    LOG.info("done: valid auc %.3f", last[-1])


if __name__ == "__main__":
    main()
