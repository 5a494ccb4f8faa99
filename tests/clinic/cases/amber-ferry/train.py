import csv
import json
import pathlib
import random

import torch
import torch.nn as nn

base = pathlib.Path(__file__).resolve().parent / "data"


def make_encoder(path):
    table = json.loads(path.read_text())
    unk = table["<unk>"]

    def encode(text):
        return [table.get(w, unk) for w in text.split()]

    return encode, len(table)


def make_batcher(rows, encode, size):
    data = [(encode(r["text"]), int(r["stars_high"])) for r in rows]

    def collate(chunk):
        flat, offs, ys = [], [], []
        for ids, y in chunk:
            offs.append(len(flat))
            flat += ids
            ys.append(y)
        return torch.tensor(flat), torch.tensor(offs), torch.tensor(ys)

    def epoch(shuffle=True):
        order = list(range(len(data)))
        if shuffle:
            random.shuffle(order)
        for i in range(0, len(order), size):
            yield collate([data[j] for j in order[i:i + size]])

    return epoch


class BagOfWords(nn.Module):
    def __init__(self, n_words, dim=24):
        super().__init__()
        self.bag = nn.EmbeddingBag(n_words, dim, mode="mean")
        self.mlp = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, flat, offs):
        return self.mlp(self.bag(flat, offs))


random.seed(5)
torch.manual_seed(5)
encode, n_words = make_encoder(base / "vocab.json")
with open(base / "reviews.csv") as fh:
    rows = list(csv.DictReader(fh))
train_epoch = make_batcher(rows[:1200], encode, 32)
dev_epoch = make_batcher(rows[1200:], encode, 100)
model = BagOfWords(n_words)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
xent = nn.CrossEntropyLoss()

for ep in range(8):
    run, k = 0.0, 0
    for flat, offs, y in train_epoch():
        opt.zero_grad(set_to_none=True)
        loss = xent(model(flat, offs), y)
        loss.backward()
        opt.step()
        run += loss.item()
        k += 1
    with torch.no_grad():
        ok = sum((model(f, o).argmax(1) == y).sum().item() for f, o, y in dev_epoch(False))
    print(f"epoch {ep}: train loss {run / k:.4f}, dev acc {ok / 300:.3f}")
