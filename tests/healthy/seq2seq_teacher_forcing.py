"""Encoder-decoder GRU that reads a number aloud: digits in, words out; teacher forcing while training."""
import random

import torch
from torch import nn

random.seed(62)
torch.manual_seed(62)
UNITS = "zero one two three four five six seven eight nine".split()
SOS, EOS = 0, 1
words = ["<s>", "</s>"] + UNITS + ["double", "hundred"]
w2i = {w: i for i, w in enumerate(words)}


def read_aloud(digits):
    """Repeated neighbours are read as 'double', a trailing 00 as 'hundred'."""
    out, i = [], 0
    while i < len(digits):
        if digits[i:] == [0, 0]:
            out.append("hundred")
            i += 2
        elif i + 1 < len(digits) and digits[i] == digits[i + 1]:
            out += ["double", UNITS[digits[i]]]
            i += 2
        else:
            out.append(UNITS[digits[i]])
            i += 1
    return [w2i[w] for w in out]


def batch(n, length=3):
    src = [[random.randrange(10) for _ in range(length)] for _ in range(n)]
    for s in src:
        if random.random() < 0.3:
            s[-2:] = [0, 0]
        elif random.random() < 0.3:
            s[1] = s[0]
    tgt = [torch.tensor([SOS] + read_aloud(s) + [EOS]) for s in src]
    return torch.tensor(src), nn.utils.rnn.pad_sequence(tgt, batch_first=True, padding_value=-100)


class Seq2Seq(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.src_emb, self.tgt_emb = nn.Embedding(10, 32), nn.Embedding(len(words), 32)
        self.encoder = nn.GRU(32, hidden, batch_first=True)
        self.decoder = nn.GRU(32, hidden, batch_first=True)
        self.out = nn.Linear(hidden, len(words))

    def forward(self, src, tgt_in):
        _, state = self.encoder(self.src_emb(src))
        y, _ = self.decoder(self.tgt_emb(tgt_in), state)
        return self.out(y)

    @torch.no_grad()
    def speak(self, src, limit=6):
        _, state = self.encoder(self.src_emb(src))
        token, said = torch.full((len(src), 1), SOS), []
        for _ in range(limit):
            y, state = self.decoder(self.tgt_emb(token), state)
            token = self.out(y).argmax(-1)
            said.append(token)
        return torch.cat(said, 1)


model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss(ignore_index=-100)
for step in range(1, 401):
    src, tgt = batch(32)
    tgt_in = tgt[:, :-1].clamp_min(0)          # filler needs a valid index
    loss = criterion(model(src, tgt_in).transpose(1, 2), tgt[:, 1:])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        src, tgt = batch(200)
        said = model.speak(src)[:, :tgt.shape[1] - 1]
        whole = ((said == tgt[:, 1:]) | (tgt[:, 1:] == -100)).all(1).float().mean().item()
        print(f"step {step}: loss {loss.item():.3f}, numbers read without a mistake {whole:.2f}")
