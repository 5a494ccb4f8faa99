"""Character-level transformer: rewrite a word as its code word (source -> target).

usage: python train.py [config.json]
"""
import json
import math
import os
import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

CFG = json.load(open(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "config.json")))
PAD, BOS, EOS = 0, 1, 2
LETTERS = "abcdefghijklmnop"
OFF = 3


def encode(s):
    return [OFF + LETTERS.index(c) for c in s]


def code_word(w):
    # letters in reverse order, each shifted by three
    return "".join(LETTERS[(LETTERS.index(c) + 3) % len(LETTERS)] for c in reversed(w))


def word_pairs(n, rnd):
    pairs = []
    for _ in range(n):
        w = "".join(rnd.choice(LETTERS) for _ in range(rnd.randint(4, 7)))
        pairs.append((w, code_word(w)))
    return pairs


def to_batch(pairs):
    src = [encode(a) + [EOS] for a, _ in pairs]
    tgt = [[BOS] + encode(b) + [EOS] for _, b in pairs]
    pad = lambda rows: torch.tensor([r + [PAD] * (max(map(len, rows)) - len(r)) for r in rows])
    return pad(src), pad(tgt)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_head):
        super().__init__()
        self.h, self.dk = n_head, d_model // n_head
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(d_model, d_model) for _ in range(4))

    def forward(self, q, k, v, mask):
        B = q.size(0)
        split = lambda t: t.view(B, -1, self.h, self.dk).transpose(1, 2)
        q, k, v = split(self.wq(q)), split(self.wk(k)), split(self.wv(v))
        att = q @ k.transpose(-2, -1) / math.sqrt(self.dk)
        att = att.masked_fill(mask, -1e9).softmax(-1)
        return self.wo((att @ v).transpose(1, 2).reshape(B, -1, self.h * self.dk))


class Layer(nn.Module):
    def __init__(self, d, h, cross):
        super().__init__()
        self.self_attn = MultiHeadAttention(d, h)
        self.cross_attn = MultiHeadAttention(d, h) if cross else None
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))
        self.n1, self.n2, self.n3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x, mask, mem=None, mem_mask=None):
        y = self.n1(x)
        x = x + self.self_attn(y, y, y, mask)
        if self.cross_attn is not None:
            x = x + self.cross_attn(self.n2(x), mem, mem, mem_mask)
        return x + self.ff(self.n3(x))


class Transformer(nn.Module):
    def __init__(self, vocab, d, h, n, max_len=16):
        super().__init__()
        self.src_emb, self.tgt_emb = nn.Embedding(vocab, d), nn.Embedding(vocab, d)
        self.pos = nn.Parameter(torch.randn(max_len, d) * 0.1)
        self.enc = nn.ModuleList([Layer(d, h, False) for _ in range(n)])
        self.dec = nn.ModuleList([Layer(d, h, True) for _ in range(n)])
        self.norm_e, self.norm_d = nn.LayerNorm(d), nn.LayerNorm(d)
        self.proj = nn.Linear(d, vocab)

    @staticmethod
    def pad_mask(seq):
        return seq.eq(PAD)[:, None, None, :]

    @staticmethod
    def subsequent_mask(seq):
        L = seq.size(1)
        return torch.ones(L, L, dtype=torch.bool).triu(1)[None, None]

    def encode(self, src):
        x = self.src_emb(src) + self.pos[: src.size(1)]
        for l in self.enc:
            x = l(x, self.pad_mask(src))
        return self.norm_e(x)

    def decode(self, tgt, mem, src):
        x = self.tgt_emb(tgt) + self.pos[: tgt.size(1)]
        mask = self.pad_mask(tgt) & self.subsequent_mask(tgt)
        for l in self.dec:
            x = l(x, mask, mem, self.pad_mask(src))
        return self.proj(self.norm_d(x))

    def forward(self, src, tgt):
        return self.decode(tgt, self.encode(src), src)


@torch.no_grad()
def translate(model, src, steps=10):
    mem = model.encode(src)
    out = torch.full((len(src), 1), BOS)
    for _ in range(steps):
        out = torch.cat([out, model.decode(out, mem, src)[:, -1:].argmax(-1)], 1)
    return out[:, 1:]


def exact(model, pairs):
    model.eval()
    src, tgt = to_batch(pairs)
    hyp = translate(model, src).tolist()
    model.train()
    ok = 0
    for h, t in zip(hyp, tgt.tolist()):
        cut = lambda s: s[: s.index(EOS)] if EOS in s else s
        ok += cut(h) == cut(t[1:])
    return ok / len(pairs)


def main():
    rnd = random.Random(CFG["seed"])
    torch.manual_seed(CFG["seed"])
    train, valid = word_pairs(CFG["n_train"], rnd), word_pairs(200, rnd)
    model = Transformer(OFF + len(LETTERS), CFG["d_model"], CFG["n_head"], CFG["n_layers"])
    optim = torch.optim.Adam(model.parameters(), lr=CFG["lr"], betas=(0.9, 0.98))
    for step in range(1, CFG["steps"] + 1):
        src, tgt = to_batch(rnd.sample(train, CFG["batch"]))
        logits = model(src, tgt[:, :-1])
        gold = tgt[:, 1:]
        loss = F.cross_entropy(logits.flatten(0, 1), gold.flatten(), ignore_index=PAD)
        optim.zero_grad()
        loss.backward()
        optim.step()
        if step % 100 == 0:
            keep = gold.ne(PAD)
            acc = (logits.argmax(-1).eq(gold) & keep).sum() / keep.sum()
            print(f"step {step:4d} loss {loss.item():.4f} token acc {acc.item():.3f}")
    print("valid: whole words translated correctly %.3f" % exact(model, valid))


main()
