"""Tag words of short chat commands (verb / item / place / count / other)."""
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

TAGS = ["O", "VERB", "ITEM", "PLACE", "COUNT"]
VERBS = "bring order fetch book move send".split()
ITEMS = "tea lamp chair orange paper ticket light".split()
PLACES = "kitchen orange park light office station".split()
COUNTS = "one two three four several".split()
FILLER = "please can you to the now for me from and".split()
MAX_LEN = 40


def sentence(rnd):
    words, tags = [], []

    def add(w, t):
        words.append(w)
        tags.append(TAGS.index(t))

    for _ in range(rnd.choice([1, 1, 2, 3])):
        for w in rnd.sample(["please", "can", "you", "now"], rnd.randint(0, 2)):
            add(w, "O")
        add(rnd.choice(VERBS), "VERB")
        add(rnd.choice(COUNTS), "COUNT") if rnd.random() < 0.5 else add("the", "O")
        add(rnd.choice(ITEMS), "ITEM")
        if rnd.random() < 0.7:
            add(rnd.choice(["to", "from"]), "O")
            add("the", "O")
            add(rnd.choice(PLACES), "PLACE")
    return words, tags


rnd = random.Random(8)
corpus = [sentence(rnd) for _ in range(1800)]
vocab = {w: i + 1 for i, w in enumerate(sorted({w for ws, _ in corpus for w in ws}))}


def to_tensors(pairs):
    x = torch.zeros(len(pairs), MAX_LEN, dtype=torch.long)
    y = torch.zeros(len(pairs), MAX_LEN, dtype=torch.long)
    n = torch.zeros(len(pairs), dtype=torch.long)
    for i, (ws, ts) in enumerate(pairs):
        x[i, :len(ws)] = torch.tensor([vocab[w] for w in ws])
        y[i, :len(ts)] = torch.tensor(ts)
        n[i] = len(ws)
    return x, y, n


train, test = to_tensors(corpus[:1500]), to_tensors(corpus[1500:])


class Tagger(nn.Module):
    def __init__(self, n_words, dim=24, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(n_words + 1, dim, padding_idx=0)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(TAGS))

    def forward(self, x):
        h, _ = self.rnn(self.emb(x))
        return self.out(h)


torch.manual_seed(0)
model = Tagger(len(vocab))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(7):
    order = torch.randperm(len(train[0]))
    tot = cnt = 0.0
    for i in range(0, len(order), 32):
        x, y, n = (t[order[i:i + 32]] for t in train)
        keep = (torch.arange(MAX_LEN)[None, :] < n[:, None]).float()
        per_token = F.cross_entropy(model(x).transpose(1, 2), y, reduction="none")
        loss = (per_token * keep).sum() / keep.sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += (per_token * keep).sum().item()
        cnt += keep.sum().item()
    with torch.no_grad():
        x, y, n = test
        real = torch.arange(MAX_LEN)[None, :] < n[:, None]
        acc = (model(x).argmax(-1) == y)[real].float().mean().item()
    print(f"epoch {epoch + 1}  loss/token {tot / cnt:.4f}  test token acc {acc:.4f}")
