import random

import torch
import torch.nn as nn
import torch.optim as optim


class Tokenizer:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.itos = [w.rstrip("\n") for w in f]
        self.stoi = {w: i for i, w in enumerate(self.itos)}
        self.pad = self.stoi["[PAD]"]
        self.unk = self.stoi["[UNK]"]

    def __len__(self):
        return len(self.itos)

    def __call__(self, text):
        return [self.stoi.get(w, self.unk) for w in text.lower().split()]


class ReviewNet(nn.Module):
    def __init__(self, vocab, pad, dim=32, filters=32):
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim, padding_idx=pad)
        self.conv = nn.Conv1d(dim, filters, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(0.2)
        self.linear = nn.Linear(filters, 2)

    def forward(self, ids):
        h = self.embedding(ids).transpose(1, 2)
        h = torch.relu(self.conv(h)).amax(dim=2)
        return self.linear(self.dropout(h))


def read_reviews(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            stars, text = line.rstrip("\n").split("\t")
            yield text, int(stars)


def make_batches(items, tokenizer, size, shuffle):
    items = list(items)
    if shuffle:
        random.shuffle(items)
    for i in range(0, len(items), size):
        chunk = items[i:i + size]
        ids = [tokenizer(t) for t, _ in chunk]
        width = max(len(x) for x in ids)
        ids = [x + [tokenizer.pad] * (width - len(x)) for x in ids]
        yield torch.tensor(ids), torch.tensor([s for _, s in chunk])


if __name__ == "__main__":
    random.seed(8)
    torch.manual_seed(8)
    tok = Tokenizer("vocab.txt")
    reviews = list(read_reviews("reviews.tsv"))
    train, valid = reviews[:1600], reviews[1600:]
    net = ReviewNet(len(tok), tok.pad)
    opt = optim.Adam(net.parameters(), lr=2e-3)
    ce = nn.CrossEntropyLoss()
    print(f"{len(train)} / {len(valid)} reviews, vocabulary of {len(tok)}")
    for epoch in range(1, 11):
        net.train()
        seen = summed = 0
        for ids, stars in make_batches(train, tok, 40, True):
            opt.zero_grad()
            loss = ce(net(ids), stars)
            loss.backward()
            opt.step()
            summed += loss.item() * len(stars)
            seen += len(stars)
        net.eval()
        right = 0
        with torch.no_grad():
            for ids, stars in make_batches(valid, tok, 100, False):
                right += (net(ids).argmax(1) == stars).sum().item()
        print(f"epoch {epoch}: loss {summed / seen:.4f}, valid accuracy {right / len(valid):.3f}")
