"""Lookup queries over token sequences with a small transformer.

Training recipe: AdamW, accumulated micro-batches, clipping, warm-up into cosine
restarts, and an exponential moving average of the weights for evaluation.
"""
import argparse
import contextlib
import copy
import json
import math
import tempfile
from dataclasses import dataclass, asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


@dataclass
class Recipe:
    dim: int = 48
    heads: int = 4
    blocks: int = 2
    keys: int = 12
    values: int = 10
    pairs_lo: int = 3
    pairs_hi: int = 7
    samples: int = 4000
    held_out: int = 600
    micro_batch: int = 32
    accumulate: int = 2
    cycle: int = 120
    cycles: int = 3
    warmup: int = 30
    lr: float = 4e-3
    min_lr: float = 2e-4
    ema_decay: float = 0.98
    clip: float = 1.0
    seed: int = 12


class LookupQueries(Dataset):
    """`k1 v1 k2 v2 ... <q> k` - the answer is the value that stands behind k."""

    def __init__(self, r: Recipe, count, seed):
        rng = np.random.default_rng(seed)
        self.items = []
        query_token = 1 + r.keys + r.values
        for _ in range(count):
            n = rng.integers(r.pairs_lo, r.pairs_hi + 1)
            keys = rng.choice(r.keys, n, replace=False)
            values = rng.integers(0, r.values, size=n)
            row = np.stack([1 + keys, 1 + r.keys + values], axis=1).reshape(-1)
            pick = rng.integers(n)
            self.items.append((np.concatenate([row, [query_token, 1 + keys[pick]]]), values[pick]))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def left_pad(batch):
    """The query has to stand at the end of every row."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    for row, (seq, _) in zip(ids, batch):
        row[longest - len(seq):] = torch.as_tensor(seq)
    return ids, torch.tensor([a for _, a in batch])


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, hidden):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(d // self.heads)
        scores = scores.masked_fill(hidden[:, None, None, :], -1e9)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x, hidden):
        x = x + self.attn(self.n1(x), hidden)
        return x + self.mlp(self.n2(x))


class LookupModel(nn.Module):
    def __init__(self, r: Recipe):
        super().__init__()
        vocab, longest = 2 + r.keys + r.values, 2 * r.pairs_hi + 2
        self.longest = longest
        self.token = nn.Embedding(vocab, r.dim)
        self.place = nn.Embedding(longest, r.dim)
        self.shift = nn.Linear(2 * r.dim, r.dim)
        self.blocks = nn.ModuleList(Block(r.dim, r.heads) for _ in range(r.blocks))
        self.norm = nn.LayerNorm(r.dim)
        self.answer = nn.Linear(r.dim, r.values)

    def forward(self, ids):
        t = ids.shape[1]
        e = self.token(ids)
        before = F.pad(e, (0, 0, 1, 0))[:, :-1]
        x = self.shift(torch.cat([e, before], -1)) + self.place.weight[self.longest - t:]
        for block in self.blocks:
            x = block(x, ids == 0)
        return self.answer(self.norm(x[:, -1]))


class Average:
    def __init__(self, model, decay):
        self.decay, self.shadow, self.updates = decay, copy.deepcopy(model).requires_grad_(False), 0

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - d)

    @contextlib.contextmanager
    def evaluating(self):
        self.shadow.eval()
        with torch.no_grad():
            yield self.shadow


def learning_rate(r, step):
    if step < r.warmup:
        return r.lr * (step + 1) / r.warmup
    phase, cycle = (step % r.cycle) / r.cycle, step // r.cycle
    peak = r.lr * 0.7 ** cycle
    return r.min_lr + (peak - r.min_lr) * 0.5 * (1 + math.cos(math.pi * phase))


def forever(loader):
    while True:
        yield from loader


def main():
    ap = argparse.ArgumentParser()
    for k, v in asdict(Recipe()).items():
        ap.add_argument("--" + k, type=type(v), default=v)
    r = Recipe(**vars(ap.parse_args()))
    torch.manual_seed(r.seed)
    batches = forever(DataLoader(LookupQueries(r, r.samples, r.seed), r.micro_batch, shuffle=True,
                                 collate_fn=left_pad, drop_last=True))
    held_out = DataLoader(LookupQueries(r, r.held_out, r.seed + 1), 200, collate_fn=left_pad)
    model = LookupModel(r)
    opt = torch.optim.AdamW(model.parameters(), lr=r.lr, betas=(0.9, 0.98), weight_decay=0.01)
    average, window = Average(model, r.ema_decay), []
    with tempfile.TemporaryDirectory() as d:
        for step in range(r.cycle * r.cycles):
            for g in opt.param_groups:
                g["lr"] = learning_rate(r, step)
            opt.zero_grad()
            for _ in range(r.accumulate):
                ids, answer = next(batches)
                loss = F.cross_entropy(model(ids), answer) / r.accumulate
                loss.backward()
                window.append(loss.item() * r.accumulate)
            norm = nn.utils.clip_grad_norm_(model.parameters(), r.clip)
            opt.step()
            average.update(model)
            if (step + 1) % 60 == 0:
                with average.evaluating() as m:
                    hits = sum((m(ids).argmax(1) == a).sum().item() for ids, a in held_out)
                print(json.dumps(dict(step=step + 1, lr=round(opt.param_groups[0]["lr"], 5), norm=round(norm.item(), 3),
                                      loss=round(float(np.mean(window)), 4), held_out=round(hits / r.held_out, 4))))
                window.clear()
                torch.save(dict(model=model.state_dict(), ema=average.shadow.state_dict()), Path(d) / f"{step + 1}.pt")


if __name__ == "__main__":
    main()
