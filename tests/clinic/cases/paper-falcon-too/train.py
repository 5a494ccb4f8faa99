"""Labelling the stages of a fermentation log (lag, growth, stationary, decline) with deep supervision."""
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

STAGES = ["lag", "growth", "stationary", "decline"]
FILL = 0


def tank(rng):
    """One run: optical density and dissolved oxygen at irregular length."""
    spans = [rng.randint(5, 16), rng.randint(5, 12), rng.randint(4, 12), rng.randint(3, 9)]
    slope = [0.0, rng.uniform(0.14, 0.3), 0.0, -rng.uniform(0.08, 0.18)]
    breath = [-0.02, -0.09, 0.01, 0.08]
    od, o2, rows, stage = rng.uniform(0, 0.4), rng.uniform(0.8, 1.1), [], []
    for k, n in enumerate(spans):
        for _ in range(n):
            od, o2 = od + slope[k], o2 + breath[k]
            rows.append([od - 1.0 + rng.gauss(0, 0.12), o2 + rng.gauss(0, 0.1), rng.gauss(0, 1)])
            stage.append(k)
    cut = rng.randint(0, spans[0] // 2)
    return torch.tensor(rows[cut:]), torch.tensor(stage[cut:])


def collate(runs):
    runs = sorted(runs, key=lambda r: -len(r[0]))
    lengths = torch.tensor([len(r[0]) for r in runs])
    x = pad_sequence([r[0] for r in runs], batch_first=True)
    y = pad_sequence([r[1] for r in runs], batch_first=True, padding_value=FILL)
    return x, y, lengths


class Stager(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.low = nn.GRU(3, hidden, batch_first=True, bidirectional=True)
        self.high = nn.GRU(2 * hidden, hidden, batch_first=True, bidirectional=True)
        self.early = nn.Linear(2 * hidden, len(STAGES))
        self.late = nn.Linear(2 * hidden, len(STAGES))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        a, _ = self.low(packed)
        b, _ = self.high(a)
        a, _ = pad_packed_sequence(a, batch_first=True)
        b, _ = pad_packed_sequence(b, batch_first=True)
        return self.early(a), self.late(b)


class Objective(nn.Module):
    def __init__(self, side=0.3):
        super().__init__()
        self.ce = nn.CrossEntropyLoss(ignore_index=FILL)
        self.side = side

    def forward(self, outs, y):
        early, late = outs
        return self.ce(late.transpose(1, 2), y) + self.side * self.ce(early.transpose(1, 2), y)


@torch.no_grad()
def report(model, loader):
    model.eval()
    hit, seen = torch.zeros(len(STAGES)), torch.zeros(len(STAGES))
    for x, y, lengths in loader:
        pred = model(x, lengths)[1].argmax(-1)
        real = torch.arange(x.shape[1])[None] < lengths[:, None]
        for k in range(len(STAGES)):
            m = real & (y == k)
            hit[k] += (pred[m] == k).sum()
            seen[k] += m.sum()
    model.train()
    return (hit.sum() / seen.sum()).item(), (hit / seen).tolist()


def main():
    torch.manual_seed(16)
    rng = random.Random(16)
    train = DataLoader([tank(rng) for _ in range(640)], batch_size=32, shuffle=True, collate_fn=collate)
    test = DataLoader([tank(rng) for _ in range(160)], batch_size=80, collate_fn=collate)
    model, objective = Stager(), Objective()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(1, 16):
        total = 0.0
        for x, y, lengths in train:
            loss = objective(model(x, lengths), y)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            total += loss.item() / len(train)
        if epoch % 3 == 0:
            acc, _ = report(model, test)
            print(f"epoch {epoch:2d}  loss {total:.4f}  test accuracy {acc:.3f}")
    acc, per = report(model, test)
    print("recall " + "  ".join(f"{s} {r:.2f}" for s, r in zip(STAGES, per)))


main()
