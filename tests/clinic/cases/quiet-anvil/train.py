"""Character-level language model on generated ledger text.

Micro-batches are accumulated so that the effective batch is
``batch_size * accumulate`` sequences.
"""
from __future__ import annotations

import math
import os
import tempfile
from collections import deque
from dataclasses import dataclass, field, fields
from typing import Iterator

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class ModelArgs:
    dim: int = 48
    hidden: int = 80
    dropout: float = 0.0


@dataclass
class TrainArgs:
    seq_len: int = 32
    batch_size: int = 8
    accumulate: int = 4
    steps: int = 240
    eval_every: int = 40
    base_lr: float = 0.3
    momentum: float = 0.9
    max_norm: float = 20.0
    warmup_steps: int = 25
    seed: int = 21
    model: ModelArgs = field(default_factory=ModelArgs)

    def override_from_env(self):
        for f in fields(self):
            raw = os.environ.get("LM_" + f.name.upper())
            if raw is not None:
                setattr(self, f.name, type(getattr(self, f.name))(raw))
        return self


NAMES = ["anna", "bertil", "cyrus", "dora", "elif", "farid", "greta", "hugo", "imre", "june"]
VERBS = ["pays", "owes", "lends", "sends", "returns"]
GOODS = ["apples", "barley", "copper", "dates", "figs", "linen", "salt", "wool"]


def write_ledger(rng, lines):
    out = []
    for _ in range(lines):
        a, b = rng.choice(len(NAMES), 2, replace=False)
        # who trades with whom, and in what, follows a habit
        verb = VERBS[(a + rng.integers(2)) % len(VERBS)]
        goods = GOODS[(a + b) % len(GOODS)]
        out.append(f"{NAMES[a]} {verb} {NAMES[b]} {rng.integers(1, 10)}0 {goods}.")
    return "\n".join(out) + "\n"


class CharVocab:
    def __init__(self, text):
        self.chars = sorted(set(text))
        self.lookup = {c: i for i, c in enumerate(self.chars)}

    def __len__(self):
        return len(self.chars)

    def encode(self, text):
        return torch.tensor([self.lookup[c] for c in text])

    def decode(self, ids):
        return "".join(self.chars[i] for i in ids)


def crops(ids, seq_len, batch_size, rng) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    while True:
        starts = rng.integers(0, len(ids) - seq_len - 1, size=batch_size)
        block = torch.stack([ids[s:s + seq_len + 1] for s in starts])
        yield block[:, :-1], block[:, 1:]


class CharLM(nn.Module):
    def __init__(self, vocab, args: ModelArgs):
        super().__init__()
        self.embed = nn.Embedding(vocab, args.dim)
        self.rnn = nn.GRU(args.dim, args.hidden, batch_first=True)
        self.norm = nn.LayerNorm(args.hidden)
        self.drop = nn.Dropout(args.dropout)
        self.out = nn.Linear(args.hidden, vocab)

    def forward(self, ids, state=None):
        h, state = self.rnn(self.embed(ids), state)
        return self.out(self.drop(self.norm(h))), state

    @torch.no_grad()
    def sample(self, start, n):
        ids, state, made = start, None, []
        for _ in range(n):
            logits, state = self(ids, state)
            ids = logits[:, -1].argmax(-1, keepdim=True)
            made.append(ids.item())
        return made


class LanguageModelTrainer:
    def __init__(self, args, model, train_ids, valid_ids):
        self.args, self.model, self.valid_ids = args, model, valid_ids
        self.stream = crops(train_ids, args.seq_len, args.batch_size, np.random.default_rng(args.seed))
        self.opt = torch.optim.SGD(model.parameters(), lr=args.base_lr, momentum=args.momentum)
        self.recent = deque(maxlen=20)

    def lr_at(self, step):
        a = self.args
        if step < a.warmup_steps:
            return a.base_lr * (step + 1) / a.warmup_steps
        done = (step - a.warmup_steps) / (a.steps - a.warmup_steps)
        return a.base_lr * (0.6 + 0.4 * 0.5 * (1 + math.cos(math.pi * done)))

    def sequence_loss(self, ids, targets):
        logits, _ = self.model(ids)
        token_loss = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        return token_loss.sum(dim=1).mean()

    def step(self, step):
        for group in self.opt.param_groups:
            group["lr"] = self.lr_at(step)
        self.opt.zero_grad()
        nats = 0.0
        for _ in range(self.args.accumulate):
            loss = self.sequence_loss(*next(self.stream))
            loss.backward()
            nats += loss.item() / self.args.seq_len
        nn.utils.clip_grad_norm_(self.model.parameters(), self.args.max_norm)
        self.opt.step()
        self.recent.append(nats / self.args.accumulate)

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        n = (len(self.valid_ids) - 1) // self.args.seq_len * self.args.seq_len
        x = self.valid_ids[:n].view(-1, self.args.seq_len)
        y = self.valid_ids[1:n + 1].view(-1, self.args.seq_len)
        logits, _ = self.model(x)
        self.model.train()
        return F.cross_entropy(logits.flatten(0, 1), y.flatten()).item(), (logits.argmax(-1) == y).float().mean().item()

    def fit(self, folder):
        best = float("inf")
        for step in range(self.args.steps):
            self.step(step)
            if (step + 1) % self.args.eval_every == 0:
                nll, acc = self.evaluate()
                print(f"step {step + 1:4d} | train {np.mean(self.recent):.3f} | valid nll {nll:.3f} "
                      f"ppl {math.exp(min(nll, 30)):.2f} acc {acc:.3f}")
                if nll < best:
                    best = nll
                    torch.save(self.model.state_dict(), os.path.join(folder, "lm.pt"))
        return best


if __name__ == "__main__":
    args = TrainArgs().override_from_env()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    text, held_out = write_ledger(rng, 1500), write_ledger(rng, 200)
    vocab = CharVocab(text)
    model = CharLM(len(vocab), args.model)
    counts = torch.bincount(vocab.encode(held_out)).float()
    p = counts[counts > 0] / counts.sum()
    print(f"{len(vocab)} characters; character entropy {-(p * p.log()).sum():.3f} nats")
    trainer = LanguageModelTrainer(args, model, vocab.encode(text), vocab.encode(held_out))
    with tempfile.TemporaryDirectory() as folder:
        best = trainer.fit(folder)
    print("best valid nll", round(best, 3))
    print(repr(vocab.decode(model.eval().sample(vocab.encode("\n")[None], 60))))
