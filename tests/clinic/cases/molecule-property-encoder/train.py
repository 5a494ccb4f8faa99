import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    vocab_size: int = 14
    pad_idx: int = 0
    bos_idx: int = 1
    max_len: int = 18
    embed_dim: int = 48
    heads: int = 4
    layers: int = 2
    lr: float = 2e-3
    batch_size: int = 64
    steps: int = 260
    seed: int = 21


class PropertyEncoder(nn.Module):
    """Encodes a tokenised molecule and predicts its (standardised) polarity from the <bos> position."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.pad_idx = cfg.pad_idx
        self.embedding = nn.Embedding(cfg.vocab_size, cfg.embed_dim, padding_idx=cfg.pad_idx)
        self.position = nn.Parameter(torch.randn(cfg.max_len, cfg.embed_dim) * 0.02)
        layer = nn.TransformerEncoderLayer(cfg.embed_dim, cfg.heads, 2 * cfg.embed_dim, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, cfg.layers, enable_nested_tensor=False)
        self.fc = nn.Linear(cfg.embed_dim, 1)

    def forward(self, x):
        h = self.embedding(x) * math.sqrt(self.embedding.embedding_dim) + self.position[: x.size(1)]
        h = self.encoder(h)
        return self.fc(h[:, 0]).squeeze(-1)


def sample_molecules(n, cfg, gen):
    tokens = torch.randint(2, cfg.vocab_size, (n, cfg.max_len), generator=gen)
    tokens[:, 0] = cfg.bos_idx
    weight = torch.linspace(-1.7, 1.7, cfg.vocab_size)
    y = weight[tokens[:, 1:]].sum(1)
    return tokens, (y - y.mean()) / y.std()


def train(cfg: Config):
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    x, y = sample_molecules(4000, cfg, gen)
    x_tr, y_tr, x_te, y_te = x[:3520], y[:3520], x[3520:], y[3520:]
    model = PropertyEncoder(cfg)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    criterion = nn.MSELoss()
    model.train()
    for step in range(cfg.steps):
        idx = torch.randint(0, len(x_tr), (cfg.batch_size,), generator=gen)
        loss = criterion(model(x_tr[idx]), y_tr[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 40 == 0:
            print(f"step {step:3d}  train mse {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        chunks = [model(x_te[i:i + cfg.batch_size]) for i in range(0, len(x_te), cfg.batch_size)]
    print(f"held-out mse {criterion(torch.cat(chunks), y_te).item():.3f} (variance 1)")


train(Config())
