import numpy as np
import torch
import torch.nn as nn

PAD_TAG = 0
TAGS = ["<pad>", "O", "B", "I"]
V = 25


def sentence(r):
    n = r.integers(4, 13)
    w = r.integers(1, V, n)
    tags, inside = [], False
    for t in w:
        if t <= 4:
            tags.append(2)
            inside = True
        elif inside and t % 2 == 0:
            tags.append(3)
        else:
            tags.append(1)
            inside = False
    return w, np.array(tags)


def pack(batch):
    T = max(len(w) for w, _ in batch)
    W = np.zeros((T, len(batch)), dtype=np.int64)
    G = np.full((T, len(batch)), PAD_TAG, dtype=np.int64)
    for j, (w, t) in enumerate(batch):
        W[:len(w), j] = w
        G[:len(t), j] = t
    return torch.from_numpy(W), torch.from_numpy(G)


class Tagger(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=0)
        self.pos = nn.Embedding(16, d)
        self.att = nn.MultiheadAttention(d, 4)
        self.norm = nn.LayerNorm(d)
        self.rnn = nn.GRU(d, 24, bidirectional=True)
        self.out = nn.Linear(48, len(TAGS))

    def forward(self, words):
        x = self.emb(words) + self.pos(torch.arange(len(words)))[:, None]
        hide = (words == 0).T
        a, _ = self.att(x, x, x, key_padding_mask=hide, need_weights=False)
        h, _ = self.rnn(self.norm(x + a))
        return self.out(h)


r = np.random.default_rng(6)
torch.manual_seed(6)
corpus = [sentence(r) for _ in range(2500)]
dev_w, dev_g = pack([sentence(r) for _ in range(300)])
model = Tagger()
crit = nn.CrossEntropyLoss(ignore_index=PAD_TAG, reduction="sum")
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(1, 401):
    words, gold = pack([corpus[i] for i in r.integers(0, len(corpus), 32)])
    logits = model(words)
    loss = crit(logits.permute(0, 2, 1), gold) / (gold != PAD_TAG).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            guess = model(dev_w).argmax(-1)
        real = dev_g != PAD_TAG
        print(f"step {step} loss {loss.item():.4f} tag accuracy {(guess == dev_g)[real].float().mean().item():.3f}")
