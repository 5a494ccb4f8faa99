"""Sentiment of made-up reviews of uneven length, batch-first TransformerEncoder with a key padding mask."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


@dataclass
class Config:
    vocab: int = 60
    width: int = 32
    heads: int = 2
    layers: int = 1
    batch: int = 32
    lr: float = 3e-3
    epochs: int = 4
    seed: int = 21


cfg = Config()
g = torch.Generator().manual_seed(cfg.seed)
torch.manual_seed(cfg.seed)
mood = torch.randn(cfg.vocab, generator=g)          # a hidden valence for every word
mood[0] = 0.0


def review():
    n = int(torch.randint(4, 20, (1,), generator=g))
    words = torch.randint(1, cfg.vocab, (n,), generator=g)
    return words, float(mood[words].mean() > 0)


def collate(batch):
    words, labels = zip(*batch)
    ids = nn.utils.rnn.pad_sequence(words, batch_first=True)      # 0 fills up
    return ids, ids.eq(0), torch.tensor(labels)


class Reviewer(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(cfg.vocab, cfg.width, padding_idx=0)
        layer = nn.TransformerEncoderLayer(cfg.width, cfg.heads, 64, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, cfg.layers, enable_nested_tensor=False)
        self.head = nn.Linear(cfg.width, 1)

    def forward(self, ids, nothing):
        h = self.enc(self.emb(ids), src_key_padding_mask=nothing)
        h = h.masked_fill(nothing.unsqueeze(-1), 0.0)
        return self.head(h.sum(1) / (~nothing).sum(1, keepdim=True)).squeeze(1)


reviews = [review() for _ in range(2400)]
train = DataLoader(reviews[:2000], cfg.batch, shuffle=True, collate_fn=collate)
val = DataLoader(reviews[2000:], 100, collate_fn=collate)
model = Reviewer()
opt = torch.optim.Adam(model.parameters(), cfg.lr)

for epoch in range(cfg.epochs):
    model.train()
    total = 0.0
    for ids, nothing, label in train:
        loss = F.binary_cross_entropy_with_logits(model(ids, nothing), label)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        acc = torch.cat([(model(i, m) > 0) == y.bool() for i, m, y in val]).float().mean()
    print(f"epoch {epoch}: loss {total / len(train):.3f}  val acc {acc:.3f}")
