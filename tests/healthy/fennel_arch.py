"""Tag the parts of written addresses, one label per character (time-major throughout)."""
import random
import string

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

CHARS = {c: i + 1 for i, c in enumerate(string.ascii_lowercase + string.digits + " ,-/.")}
LABELS = ["_", "street", "number", "zip", "city", "unit", "other"]
LAB = {name: i for i, name in enumerate(LABELS)}


def word(rnd, lo, hi, end=""):
    return "".join(rnd.choice(string.ascii_lowercase) for _ in range(rnd.randint(lo, hi))) + end


def address(rnd):
    street = [(word(rnd, 3, 7, rnd.choice(["weg", "gasse", "str.", "allee"])), "street")]
    number = [(str(rnd.randint(1, 199)), "number")]
    unit = [(rnd.choice("/-") + str(rnd.randint(1, 40)), "unit")] if rnd.random() < 0.5 else []
    code = [(str(rnd.randint(1000, 9999)), "zip")]
    city = [(word(rnd, 3, 6, rnd.choice(["dorf", "burg", "stadt", "au"])), "city")]
    gap = [(rnd.choice([", ", " ", " - "]), "other")]
    front = street + [(" ", "other")] + number + unit
    back = code + [(" ", "other")] + city
    parts = front + gap + back if rnd.random() < 0.5 else back + gap + front
    text = "".join(p for p, _ in parts)
    tags = [LAB[name] for p, name in parts for _ in p]
    return torch.tensor([CHARS[c] for c in text]), torch.tensor(tags)


def batches(data, size, shuffle):
    order = list(range(len(data)))
    if shuffle:
        random.shuffle(order)
        order.sort(key=lambda i: len(data[i][0]) // 6)
        groups = [order[i:i + size] for i in range(0, len(order), size)]
        random.shuffle(groups)
    else:
        groups = [order[i:i + size] for i in range(0, len(order), size)]
    for rows in groups:
        xs, ys = zip(*(data[i] for i in rows))
        yield pad_sequence(xs), pad_sequence(ys)


class Tagger(nn.Module):
    def __init__(self, dim=24, hidden=40):
        super().__init__()
        self.embed = nn.Embedding(len(CHARS) + 1, dim, padding_idx=0)
        self.rnn = nn.GRU(dim, hidden, bidirectional=True)
        self.glance = nn.Linear(2 * hidden, 1)
        self.out = nn.Linear(4 * hidden, len(LABELS))

    def forward(self, x):
        h, _ = self.rnn(self.embed(x))
        score = self.glance(h).squeeze(-1).masked_fill(x == 0, -1e4)
        w = torch.softmax(score, dim=0)
        gist = (w.unsqueeze(-1) * h).sum(0, keepdim=True).expand_as(h)
        return self.out(torch.cat([h, gist], dim=-1))


def score(model, data):
    model.eval()
    hit = n = whole = 0
    with torch.no_grad():
        for x, y in batches(data, 100, shuffle=False):
            real = y != 0
            same = (model(x).argmax(-1) == y) | ~real
            hit += (same & real).sum().item()
            n += real.sum().item()
            whole += same.all(dim=0).sum().item()
    model.train()
    return hit / n, whole / len(data)


if __name__ == "__main__":
    random.seed(6)
    torch.manual_seed(6)
    rnd = random.Random(60)
    train = [address(rnd) for _ in range(1500)]
    test = [address(rnd) for _ in range(300)]
    counts = torch.bincount(torch.cat([y for _, y in test]), minlength=len(LABELS))
    print("share of the commonest label: %.3f" % (counts.max() / counts.sum()).item())

    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss(ignore_index=0, reduction="sum")
    for epoch in range(8):
        total = chars = 0
        for x, y in batches(train, 30, shuffle=True):
            logits = model(x)
            loss = criterion(logits.view(-1, len(LABELS)), y.view(-1))
            real = (y != 0).sum()
            optimizer.zero_grad()
            (loss / real).backward()
            optimizer.step()
            total += loss.item()
            chars += real.item()
        acc, whole = score(model, test)
        print(f"epoch {epoch}  loss/char {total / chars:.4f}  test char acc {acc:.4f}  whole addresses {whole:.3f}")
