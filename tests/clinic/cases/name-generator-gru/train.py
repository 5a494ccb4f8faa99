"""Character GRU that spells product names; names are padded with blanks to 64 characters."""
import torch
import torch.nn as nn
import torch.nn.functional as F

ALPHABET = '_^abcdefghijklmnopqrstuvwxyz'
PAD, START = 0, 1
MAX = 64


def product_names(n):
    heads, tails = ['kra', 'blo', 'mivi', 'sten', 'pola', 'dru'], ['gor', 'lex', 'tino', 'vax', 'mund', 'sil']
    ids = torch.zeros(n, MAX, dtype=torch.long)
    for i in range(n):
        a, b = torch.randint(0, 6, (2,)).tolist()
        word = heads[a] + tails[(a + b % 2) % 6]
        codes = [START] + [ALPHABET.index(ch) for ch in word]
        ids[i, :len(codes)] = torch.tensor(codes)
    return ids


class Speller(nn.Module):
    def __init__(self, vocab, dim=24, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, x):
        return self.out(self.gru(self.embed(x))[0])


def loss_function(logits, target):
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), target.reshape(-1))


torch.manual_seed(20)
names = product_names(1600)
model = Speller(len(ALPHABET))
opt = torch.optim.SGD(model.parameters(), lr=0.15, momentum=0.9)
for epoch in range(4):
    for rows in torch.randperm(1400).split(28):
        batch = names[rows]
        loss = loss_function(model(batch[:, :-1]), batch[:, 1:])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    print(f'epoch {epoch + 1} loss {loss.item():.4f}')

with torch.no_grad():
    test = names[1400:]
    logits, target = model(test[:, :-1]), test[:, 1:]
    letters = target != PAD
    nll = F.cross_entropy(logits[letters], target[letters]).item()
print(f'loss per letter {nll:.3f} (about 0.35 possible)')
