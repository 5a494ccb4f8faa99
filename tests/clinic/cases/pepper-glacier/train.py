import json

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset

GENRES = {"choir": 0, "folk": 1, "jazz": 2, "metal": 3, "techno": 4}


class SongStream(IterableDataset):
    """Streams one song per line; the full catalogue does not fit into memory."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        with open(self.path) as f:
            for line in f:
                song = json.loads(line)
                yield song["mfcc"], GENRES[song["genre"]]


def collate(songs):
    x = torch.tensor([s[0] for s in songs])
    y = torch.tensor([s[1] for s in songs])
    return x, y


class GenreNet(nn.Module):
    def __init__(self, n_in=10, hidden=64, n_out=len(GENRES)):
        super().__init__()
        self.l1 = nn.Linear(n_in, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.l3 = nn.Linear(hidden, n_out)

    def forward(self, x):
        return self.l3(F.relu(self.l2(F.relu(self.l1(x)))))


def evaluate(net, loader):
    hit, n, loss = 0, 0, 0.0
    counts = torch.zeros(len(GENRES), dtype=torch.long)
    with torch.no_grad():
        for x, y in loader:
            out = net(x)
            loss += F.cross_entropy(out, y, reduction="sum").item()
            pred = out.argmax(1)
            counts += torch.bincount(pred, minlength=len(GENRES))
            hit += (pred == y).sum().item()
            n += len(y)
    return loss / n, hit / n, counts.tolist()


def train(epochs=8, batch_size=20, lr=0.05):
    torch.manual_seed(6)
    net = GenreNet()
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    train_loader = DataLoader(SongStream("songs.jsonl"), batch_size=batch_size, collate_fn=collate)
    eval_loader = DataLoader(SongStream("songs_eval.jsonl"), batch_size=100, collate_fn=collate)
    step = 0
    for epoch in range(epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            if step % 50 == 0:
                print(f"  step {step:4d} loss {loss.item():.4f}")
            step += 1
        vl, acc, counts = evaluate(net, eval_loader)
        print(f"epoch {epoch} eval loss {vl:.3f} acc {acc:.3f} predicted {counts}")
    return net


if __name__ == "__main__":
    train()
