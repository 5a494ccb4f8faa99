# Retrieval-augmented classifier for soil samples: the query looks up similar
# samples from the reference bank and reads their lab class.
from dataclasses import dataclass
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Cfg:
    n_bank: int = 1200
    n_test: int = 600
    n_feat: int = 48
    n_class: int = 5
    dim: int = 32
    batch: int = 60
    epochs: int = 12
    lr: float = 3e-3
    seed: int = 11


def make(cfg):
    g = np.random.default_rng(cfg.seed)
    n = cfg.n_bank + cfg.n_test
    x = g.normal(size=(n, cfg.n_feat))
    a = g.normal(size=(2, cfg.n_feat)) / math.sqrt(cfg.n_feat)
    u, v = (x @ a.T).T
    angle = np.arctan2(v, u) + 0.15 * g.normal(size=n)
    y = np.floor((angle + np.pi) / (2 * np.pi) * cfg.n_class).astype(int) % cfg.n_class
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    k = cfg.n_bank
    return (x[:k], y[:k]), (x[k:], y[k:])


class Lookup(nn.Module):
    """softmax lookup over the bank, value = embedded class + offset between query and hit"""

    def __init__(self, cfg, bank_x, bank_y):
        super().__init__()
        self.register_buffer("bank_x", bank_x)
        self.register_buffer("bank_y", bank_y)
        self.enc = nn.Sequential(nn.Linear(cfg.n_feat, 64), nn.GELU(), nn.Linear(64, cfg.dim), nn.LayerNorm(cfg.dim))
        self.label = nn.Embedding(cfg.n_class, cfg.dim)
        self.log_tau = nn.Parameter(torch.tensor(0.0))
        self.head = nn.Sequential(nn.LayerNorm(cfg.dim), nn.Linear(cfg.dim, 64), nn.GELU(), nn.Linear(64, cfg.n_class))

    def forward(self, x, rows=None):
        q = self.enc(x)
        k = self.enc(self.bank_x)
        score = -torch.cdist(q, k).pow(2) * self.log_tau.exp()
        w = score.softmax(dim=-1)
        hit = w @ self.label(self.bank_y)
        return self.head(hit)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        a = (model(x).argmax(-1) == y).float().mean().item()
    model.train()
    return a


cfg = Cfg()
torch.manual_seed(cfg.seed)
(bx, by), (tx, ty) = make(cfg)
model = Lookup(cfg, bx, by)
optim = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-4)

for ep in range(cfg.epochs):
    perm = torch.randperm(cfg.n_bank)
    tot = hit = 0
    for i in range(0, cfg.n_bank, cfg.batch):
        rows = perm[i:i + cfg.batch]
        logits = model(bx[rows], rows)
        loss = F.cross_entropy(logits, by[rows])
        optim.zero_grad()
        loss.backward()
        optim.step()
        tot += loss.item() * len(rows)
        hit += (logits.argmax(-1) == by[rows]).sum().item()
    print("ep %2d  loss %.4f  acc %.3f  test acc %.3f" % (ep, tot / cfg.n_bank, hit / cfg.n_bank, accuracy(model, tx, ty)))
