import math
import os
import time

import torch
from torch import nn

folder = os.path.dirname(os.path.abspath(__file__))
text = open(os.path.join(folder, "logbook.txt"), encoding="utf-8").read()
alphabet = sorted(set(text))
code = {c: i for i, c in enumerate(alphabet)}
ids = torch.tensor([code[c] for c in text])

COLS, WINDOW, CLIP = 24, 30, 0.25
lr = 6.0
torch.manual_seed(1)


def columns(t, k):
    n = len(t) // k
    return t[: n * k].view(k, n).t().contiguous()


border = int(len(ids) * 0.94)
train, valid = columns(ids[:border], COLS), columns(ids[border:], 8)


class CharModel(nn.Module):
    def __init__(self, n, size=96):
        super().__init__()
        self.table = nn.Embedding(n, size)
        self.cell = nn.LSTM(size, size)
        self.bias = nn.Parameter(torch.zeros(n))
        for w in self.parameters():
            nn.init.uniform_(w, -0.1, 0.1)

    def forward(self, x, state):
        h, state = self.cell(self.table(x), state)
        return h @ self.table.weight.t() + self.bias, state


model = CharModel(len(alphabet))
lossfn = nn.CrossEntropyLoss()


def stream(block):
    for i in range(0, len(block) - 1, WINDOW):
        n = min(WINDOW, len(block) - 1 - i)
        yield block[i:i + n], block[i + 1:i + 1 + n]


def bits(block):
    state, total, count = None, 0.0, 0
    with torch.no_grad():
        for x, y in stream(block):
            out, state = model(x, state)
            total += lossfn(out.flatten(0, 1), y.flatten()).item() * y.numel()
            count += y.numel()
    return total / count / math.log(2)


best = None
print(f"start {bits(valid):.3f} bits/char, {len(alphabet)} symbols")
for epoch in range(1, 3):
    state, clock, running = None, time.time(), []
    for n, (x, y) in enumerate(stream(train), 1):
        if state is not None:
            state = tuple(s.detach() for s in state)
        out, state = model(x, state)
        loss = lossfn(out.flatten(0, 1), y.flatten())
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        with torch.no_grad():
            for w in model.parameters():
                w.add_(w.grad, alpha=-lr)
        running.append(loss.item())
        if n % 50 == 0:
            print(f"epoch {epoch} window {n} loss {sum(running) / len(running):.4f}")
            running = []
    score = bits(valid)
    print(f"epoch {epoch} valid {score:.3f} bits/char lr {lr} ({time.time() - clock:.1f}s)")
    if best is not None and score > best - 0.02:
        lr /= 4
    best = score if best is None else min(best, score)
