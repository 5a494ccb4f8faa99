import random

import torch
import torch.nn as nn

random.seed(21)
torch.manual_seed(21)

PAD = 0
ITEMS = 20
SLOTS = 12
HIST = 6


def visit():
    hist = [random.randint(1, ITEMS) for _ in range(HIST)]
    n = 0
    while n < SLOTS and random.random() < 0.45:
        n += 1
    basket = [(hist[k % HIST] + k // HIST * 7) % ITEMS + 1 for k in range(n)]
    return hist, basket


def tensors(rows):
    x = torch.tensor([h for h, _ in rows])
    y = torch.full((len(rows), SLOTS), PAD)
    for i, (_, b) in enumerate(rows):
        y[i, :len(b)] = torch.tensor(b, dtype=torch.long)
    return x, y


class NextBasket(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.item = nn.Embedding(ITEMS + 1, d, padding_idx=PAD)
        self.slot = nn.Embedding(SLOTS, d)
        self.place = nn.Parameter(torch.randn(HIST, d))
        self.att = nn.MultiheadAttention(d, 4, batch_first=True)
        self.out = nn.Sequential(nn.Linear(2 * d, 96), nn.ReLU(), nn.Linear(96, ITEMS + 1))

    def forward(self, hist):
        e = self.item(hist)
        q = self.slot.weight.expand(len(hist), -1, -1)
        c, _ = self.att(q, e + self.place, e)
        return self.out(torch.cat([c, q], -1))


def hit_rate(model, x, y):
    with torch.no_grad():
        guess = model(x).argmax(-1)
    bought = y != PAD
    return (guess == y)[bought].float().mean().item()


def train(iters=700):
    model = NextBasket()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    X, Y = tensors([visit() for _ in range(8000)])
    VX, VY = tensors([visit() for _ in range(600)])
    for it in range(1, iters + 1):
        k = torch.randint(0, len(X), (128,))
        logits = model(X[k])
        loss = criterion(logits.reshape(-1, ITEMS + 1), Y[k].reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 100 == 0:
            print("%d  loss %.4f  hit rate on bought items %.3f" % (it, loss.item(), hit_rate(model, VX, VY)))


train()
