"""Keypad tone reader: a burst of filterbank frames -> the keys that were pressed."""
import argparse
import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

KEYS = "0123456789"
BLANK = 0


class ToneBursts(Dataset):
    def __init__(self, n, seed, bands=12, frames=48):
        rng = np.random.RandomState(seed)
        bank = np.random.RandomState(99).randn(len(KEYS), bands)
        self.items = []
        for _ in range(n):
            k = rng.randint(3, 7)
            keys = rng.randint(0, len(KEYS), size=k)
            x = 0.4 * rng.randn(frames, bands)
            pos = rng.randint(0, 4)
            for key in keys:
                dur = rng.randint(3, 6)
                x[pos:pos + dur] += bank[key]
                pos += dur + rng.randint(1, 3)
            self.items.append((torch.tensor(x, dtype=torch.float32), torch.tensor(keys + 1)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    xs, ys = zip(*batch)
    lens = torch.tensor([len(y) for y in ys])
    return torch.stack(xs), torch.cat(ys), lens


class Reader(nn.Module):
    def __init__(self, bands=12, hidden=48):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(bands, hidden, 3, padding=1), nn.ReLU(),
            nn.Conv1d(hidden, hidden, 3, padding=1), nn.ReLU(),
        )
        self.rnn = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, len(KEYS) + 1)

    def forward(self, x):
        h = self.conv(x.transpose(1, 2)).transpose(1, 2)
        h, _ = self.rnn(h)
        return self.head(h).softmax(dim=-1)


def greedy(path):
    out, prev = [], BLANK
    for s in path:
        if s != prev and s != BLANK:
            out.append(s)
        prev = s
    return out


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        prev, row[0] = row[0], i
        for j, cb in enumerate(b, 1):
            prev, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, prev + (ca != cb))
    return row[-1]


@torch.no_grad()
def key_error_rate(model, loader):
    model.eval()
    wrong = total = 0
    for x, y, lens in loader:
        best = model(x).argmax(-1).tolist()
        for path, ref in zip(best, y.split(lens.tolist())):
            ref = ref.tolist()
            wrong += edit_distance(greedy(path), ref)
            total += len(ref)
    return wrong / total


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--lr", type=float, default=3e-3)
    args = p.parse_args()

    random.seed(0)
    torch.manual_seed(0)
    train = DataLoader(ToneBursts(960, 1), args.batch_size, shuffle=True, collate_fn=collate)
    valid = DataLoader(ToneBursts(200, 2), 50, collate_fn=collate)

    model = Reader()
    ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for x, y, lens in train:
            out = model(x).transpose(0, 1)
            frames = torch.full((x.size(0),), out.size(0), dtype=torch.long)
            loss = ctc(out, y, frames, lens)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
            running += loss.item()
        print(f"epoch {epoch:2d}  ctc {running / len(train):.4f}  KER {key_error_rate(model, valid):.3f}")


if __name__ == "__main__":
    main()
