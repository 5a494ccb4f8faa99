"""Sequence-to-sequence date normalisation: GRU encoder, attention decoder, scheduled sampling."""
import argparse
import math
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from vocab import BOS, EOS, PAD, date_pairs, tables


class DatePairs(Dataset):
    def __init__(self, pairs, source, target):
        self.rows = [(source.encode(a), target.encode(b)) for a, b in pairs]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return tuple(torch.tensor(part) for part in self.rows[i])


class LengthBatches(Sampler):
    """Batches out of shuffled pools, each pool sorted by source length."""

    def __init__(self, dataset, batch_size, pool=8, seed=0):
        self.lengths = [len(s) for s, _ in dataset.rows]
        self.batch_size, self.pool = batch_size, pool * batch_size
        self.random = random.Random(seed)

    def __len__(self):
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self):
        order = list(range(len(self.lengths)))
        self.random.shuffle(order)
        batches = []
        for i in range(0, len(order), self.pool):
            chunk = sorted(order[i:i + self.pool], key=self.lengths.__getitem__)
            batches += [chunk[j:j + self.batch_size] for j in range(0, len(chunk), self.batch_size)]
        self.random.shuffle(batches)
        return iter(batches)


def collate(rows):
    src, tgt = zip(*rows)
    lengths = torch.tensor([len(s) for s in src])
    return pad_sequence(src, True, PAD), lengths, pad_sequence(tgt, True, PAD)


class Encoder(nn.Module):
    def __init__(self, vocab, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.gru = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, hidden)

    def forward(self, src, lengths):
        packed = pack_padded_sequence(self.embed(src), lengths, batch_first=True, enforce_sorted=False)
        memory, last = self.gru(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True)
        return memory, torch.tanh(self.bridge(torch.cat([last[0], last[1]], dim=1)))


class Decoder(nn.Module):
    def __init__(self, vocab, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.cell = nn.GRUCell(dim + 2 * hidden, hidden)
        self.query = nn.Linear(hidden, 2 * hidden, bias=False)
        self.out = nn.Linear(3 * hidden, vocab)

    def attend(self, state, memory, hidden_positions):
        score = torch.einsum("bd,btd->bt", self.query(state), memory)
        weight = score.masked_fill(hidden_positions, float("-inf")).softmax(dim=1)
        return torch.einsum("bt,btd->bd", weight, memory)

    def forward(self, memory, state, hidden_positions, steps, target=None, forcing=0.0):
        token = torch.full((memory.size(0),), BOS)
        context = self.attend(state, memory, hidden_positions)
        scores = []
        for t in range(steps):
            state = self.cell(torch.cat([self.embed(token), context], dim=1), state)
            context = self.attend(state, memory, hidden_positions)
            logits = self.out(torch.cat([state, context], dim=1))
            scores.append(logits)
            token = logits.detach().argmax(1)
            if target is not None:
                forced = torch.rand(token.shape) < forcing
                token = torch.where(forced, target[:, t], token)
        return torch.stack(scores, dim=1)


class DateTranslator(nn.Module):
    def __init__(self, n_src, n_tgt, dim, hidden):
        super().__init__()
        self.encoder = Encoder(n_src, dim, hidden)
        self.decoder = Decoder(n_tgt, dim, hidden)

    def forward(self, src, lengths, steps, target=None, forcing=0.0):
        memory, state = self.encoder(src, lengths)
        return self.decoder(memory, state, src[:, :memory.size(1)] == PAD, steps, target, forcing)


def forcing_ratio(step, total, floor=0.3):
    """Inverse-sigmoid decay from near one to the floor."""
    k = 6.0
    return floor + (1 - floor) * k / (k + math.exp(8 * step / total - 2) - 1 + 1e-6)


@torch.no_grad()
def evaluate(model, loader, table):
    model.eval()
    exact = tokens = right = total = 0
    example = None
    for src, lengths, tgt in loader:
        guess = model(src, lengths, tgt.size(1)).argmax(-1)
        mask = tgt != PAD
        right += ((guess == tgt) & mask).sum().item()
        tokens += mask.sum().item()
        exact += ((guess == tgt) | ~mask).all(1).sum().item()
        total += len(tgt)
        example = table.decode(guess[0].tolist()), table.decode(tgt[0].tolist())
    return right / tokens, exact / total, example


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--pairs", type=int, default=1500)
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch", type=int, default=48)
    ap.add_argument("--dim", type=int, default=24)
    ap.add_argument("--hidden", type=int, default=64)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--seed", type=int, default=6)
    a = ap.parse_args()
    random.seed(a.seed)
    torch.manual_seed(a.seed)
    source, target = tables()
    train_set = DatePairs(date_pairs(a.pairs, a.seed), source, target)
    test_set = DatePairs(date_pairs(400, a.seed + 1), source, target)
    sampler = LengthBatches(train_set, a.batch, seed=a.seed)
    train_loader = DataLoader(train_set, batch_sampler=sampler, collate_fn=collate)
    test_loader = DataLoader(test_set, 200, collate_fn=collate)
    model = DateTranslator(len(source), len(target), a.dim, a.hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=a.lr)
    total, step = a.epochs * len(sampler), 0
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, a.lr, total_steps=total, pct_start=0.2)
    with tempfile.TemporaryDirectory() as folder:
        for epoch in range(1, a.epochs + 1):
            model.train()
            losses = []
            for src, lengths, tgt in train_loader:
                ratio = forcing_ratio(step, total)
                logits = model(src, lengths, tgt.size(1), tgt, ratio)
                loss = F.cross_entropy(logits.flatten(0, 1), tgt.flatten(), ignore_index=PAD)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                scheduler.step()
                losses.append(loss.item())
                step += 1
            per_char, exact, example = evaluate(model, test_loader, target)
            print(f"epoch {epoch} forcing {ratio:.2f} loss {np.mean(losses):.4f} chars {per_char:.3f} exact {exact:.3f} {example}")
            torch.save(model.state_dict(), Path(folder) / f"epoch{epoch}.pt")


if __name__ == "__main__":
    main()
