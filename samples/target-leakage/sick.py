"""Melodic sequences: a motif of four notes that comes again and again, three steps higher each time. A decoder learns to carry on."""
import argparse

import torch
import torch.nn.functional as F
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("--steps", type=int, default=180)
p.add_argument("--batch", type=int, default=32)
p.add_argument("--width", type=int, default=64)
p.add_argument("--heads", type=int, default=4)
p.add_argument("--blocks", type=int, default=2)
p.add_argument("--lr", type=float, default=2e-3)
p.add_argument("--seed", type=int, default=1)
opt = p.parse_args()

NOTES, LENGTH, GIVEN = 14, 20, 8


def melodies(n, g):
    motif = torch.randint(NOTES, (n, 4), generator=g)
    return (motif.repeat(1, LENGTH // 4) + 3 * (torch.arange(LENGTH) // 4)) % NOTES


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(b, t, w))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Decoder(nn.Module):
    def __init__(self, width, heads, blocks):
        super().__init__()
        self.note = nn.Embedding(NOTES, width)
        self.place = nn.Embedding(LENGTH, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, NOTES)

    def forward(self, notes):
        x = self.note(notes) + self.place.weight[:notes.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))

    @torch.no_grad()
    def carry_on(self, notes):
        while notes.shape[1] < LENGTH:
            notes = torch.cat([notes, self(notes)[:, -1].argmax(-1, keepdim=True)], dim=1)
        return notes


torch.manual_seed(opt.seed)
g = torch.Generator().manual_seed(opt.seed)
fresh = melodies(200, torch.Generator().manual_seed(1000))
model = Decoder(opt.width, opt.heads, opt.blocks)
optimizer = torch.optim.Adam(model.parameters(), lr=opt.lr, betas=(0.9, 0.98))

for step in range(opt.steps):
    batch = melodies(opt.batch, g)
    logits = model(batch[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (step + 1) % 20 == 0:
        sung = model.carry_on(fresh[:, :GIVEN])
        right = (sung[:, GIVEN:] == fresh[:, GIVEN:]).float().mean()
        print(f"step {step + 1}  loss {loss.item():.3f}  notes right when carrying on fresh melodies {right:.1%}")
