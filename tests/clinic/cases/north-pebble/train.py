import os
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn


@dataclass
class ModelCfg:
    vocab: int = 30
    dim: int = 32
    heads: int = 4
    layers: int = 2
    length: int = 24
    classes: int = 3


@dataclass
class Cfg:
    model: ModelCfg = field(default_factory=ModelCfg)
    data: str = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    lr: float = 1e-3
    steps: int = 400
    batch: int = 48
    seed: int = 7


class Encoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.tok = nn.Embedding(c.vocab, c.dim, padding_idx=0)
        self.pos = nn.Parameter(0.02 * torch.randn(1, c.length, c.dim))
        layer = nn.TransformerEncoderLayer(c.dim, c.heads, 2 * c.dim, dropout=0.0, batch_first=True)
        self.body = nn.TransformerEncoder(layer, c.layers, enable_nested_tensor=False)
        self.out = nn.Linear(c.dim, c.classes)

    def forward(self, ids, skip):
        h = self.body(self.tok(ids) + self.pos, src_key_padding_mask=skip)
        w = (~skip).float().unsqueeze(-1)
        return self.out((h * w).sum(1) / w.sum(1))


def load(cfg):
    get = lambda n: torch.from_numpy(np.load(os.path.join(cfg.data, n + ".npy")))
    return get("tokens").long(), get("mask").bool(), get("intent").long()


def run(cfg):
    torch.manual_seed(cfg.seed)
    ids, skip, y = load(cfg)
    n = 1200
    net = Encoder(cfg.model)
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr)
    for s in range(cfg.steps):
        b = torch.randint(0, n, (cfg.batch,))
        loss = nn.functional.cross_entropy(net(ids[b], skip[b]), y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if s % 50 == 0 or s == cfg.steps - 1:
            with torch.no_grad():
                acc = (net(ids[n:], skip[n:]).argmax(-1) == y[n:]).float().mean()
            print(f"{s:4d} | loss {loss:.4f} | val {acc:.3f}")


if __name__ == "__main__":
    run(Cfg())
