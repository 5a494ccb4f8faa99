"""Sleep posture (left / right) at every step of a mat recording.

signals.npy  recording x step x channel
states.npy   recording x step
"""
import pathlib
import time

import numpy as np
import torch
from torch import nn

folder = pathlib.Path(__file__).resolve().parent
torch.manual_seed(11)

EPOCHS = 45
BATCH = 16
LR = 4e-3


class PostureNet(nn.Module):
    def __init__(self, channels, hidden=28):
        super().__init__()
        self.inp = nn.Linear(channels, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = torch.tanh(self.inp(x))
        h, _ = self.rnn(h)
        return self.out(h).squeeze(-1)


def load():
    x = torch.from_numpy(np.load(folder / "signals.npy").astype(np.float32))
    y = torch.from_numpy(np.load(folder / "states.npy").astype(np.float32))
    if x.shape[:2] != y.shape:
        raise ValueError(f"signals {tuple(x.shape)} and states {tuple(y.shape)} do not fit")
    return x, y


x, y = load()
order = torch.randperm(len(x))
n_test = len(x) // 5
test, train = order[:n_test], order[n_test:]

model = PostureNet(x.shape[-1])
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
criterion = nn.BCEWithLogitsLoss()


def score(index):
    model.eval()
    with torch.no_grad():
        z = model(x[index])
        loss = criterion(z, y[index]).item()
        acc = ((z > 0).float() == y[index]).float().mean().item()
    model.train()
    return loss, acc


start = time.time()
steps = 0
for epoch in range(EPOCHS):
    for chunk in train[torch.randperm(len(train))].split(BATCH):
        logits = model(x[chunk])
        loss = criterion(logits, y[chunk])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        steps += 1
    if (epoch + 1) % 9 == 0:
        tl, ta = score(train)
        vl, va = score(test)
        print(f"epoch {epoch + 1:2d} step {steps:4d}  train {tl:.3f}/{ta:.3f}  test {vl:.3f}/{va:.3f}")

print(f"done in {time.time() - start:.1f}s")
