import random
import torch
import torch.nn as nn
from torch import einsum

PAD, CLS = 0, 1
N_TOK = 30


def encode(rng):
    k = rng.randint(4, 10)
    toks = [rng.randrange(4, N_TOK) for _ in range(k)]
    label = rng.randrange(3)
    toks[rng.randrange(k)] = 3 if label == 1 else 2
    if label == 2:
        toks.insert(rng.randrange(k), 3)
    return [CLS] + toks, label


def batchify(samples):
    width = 18
    ids = torch.full((len(samples), width), PAD)
    for i, (t, _) in enumerate(samples):
        ids[i, :len(t)] = torch.tensor(t)
    return ids, torch.tensor([l for _, l in samples])


class Attend(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.h = heads
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.o = nn.Linear(d, d)

    def forward(self, x, mask):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.h, d // self.h).unbind(2)
        att = einsum("bihd,bjhd->bhij", q, k) * (d // self.h) ** -0.5
        att = att.masked_fill(mask[:, None, None, :] == 0, -1e9)
        out = einsum("bhij,bjhd->bihd", att.softmax(-1), v)
        return self.o(out.reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.att = Attend(d, heads)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x, mask):
        x = x + self.att(self.n1(x), mask)
        return x + self.ff(self.n2(x))


class Tiny(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(N_TOK, d)
        self.blocks = nn.ModuleList([Block(d, 4)])
        self.cls = nn.Linear(d, 3)

    def forward(self, ids):
        mask = (ids == PAD).long()
        x = self.emb(ids)
        for blk in self.blocks:
            x = blk(x, mask)
        return self.cls(x[:, 0])


rng = random.Random(4)
torch.manual_seed(4)
data = [encode(rng) for _ in range(4000)]
held = batchify([encode(rng) for _ in range(600)])
net = Tiny()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for it in range(601):
    ids, y = batchify(rng.sample(data, 48))
    loss = nn.functional.cross_entropy(net(ids), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 75 == 0:
        with torch.no_grad():
            acc = (net(held[0]).argmax(-1) == held[1]).float().mean()
        print(it, f"{loss.item():.4f}", f"{acc.item():.3f}")
