"""Tiny language model on melodies; afterwards it continues melodies that it has not seen."""
import json
import types
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

hp = types.SimpleNamespace(**json.loads((Path(__file__).resolve().parent / "lm.json").read_text()))
torch.manual_seed(41)


def melodies(n, length):
    """Two voices that answer each other: a note depends on the two before it, now and then it is free."""
    notes = torch.randint(hp.vocab, (n, length))
    for t in range(2, length):
        rule = (notes[:, t - 1] + 5 * (notes[:, t - 2] % 2) + 1) % hp.vocab
        notes[:, t] = torch.where(torch.rand(n) < 0.9, rule, notes[:, t])
    return notes


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(hp.width, 3 * hp.width)
        self.proj = nn.Linear(hp.width, hp.width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (z.view(b, t, hp.heads, -1).transpose(1, 2) for z in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=hp.causal)
        return self.proj(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(hp.width), nn.LayerNorm(hp.width)
        self.att = Attention()
        self.mlp = nn.Sequential(nn.Linear(hp.width, 4 * hp.width), nn.GELU(), nn.Linear(4 * hp.width, hp.width))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.mlp(self.n2(x))


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(hp.vocab, hp.width), nn.Embedding(hp.context, hp.width)
        self.blocks = nn.Sequential(*[Block() for _ in range(hp.layers)])
        self.norm, self.out = nn.LayerNorm(hp.width), nn.Linear(hp.width, hp.vocab)

    def forward(self, x):
        h = self.tok(x) + self.pos.weight[: x.shape[1]]
        return self.out(self.norm(self.blocks(h)))


train, test = melodies(1200, hp.context + 1), melodies(200, hp.context + 1)
model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=hp.lr)
for step in range(1, hp.steps + 1):
    batch = train[torch.randint(len(train), (hp.batch,))]
    loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 40 == 0:
        print(f"step {step:4d} loss {loss.item():.3f}")
with torch.no_grad():
    # the next note after prefixes of growing length
    right = [(model(test[:, :t])[:, -1].argmax(-1) == test[:, t]).float().mean().item() for t in range(8, hp.context)]
print(f"accuracy of the continued note {sum(right) / len(right):.3f}")
