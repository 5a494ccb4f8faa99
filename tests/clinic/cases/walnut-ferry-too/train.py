"""Route support tickets to one of four queues."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Config:
    data: str = "tickets.npz"
    dim: int = 48
    heads: int = 4
    layers: int = 2
    batch: int = 64
    epochs: int = 8
    lr: float = 1e-3
    seed: int = 3


class TicketRouter(nn.Module):
    def __init__(self, vocab, length, queues, cfg):
        super().__init__()
        self.tok = nn.Embedding(vocab, cfg.dim)
        self.pos = nn.Parameter(torch.randn(length, cfg.dim) * 0.02)
        layer = nn.TransformerEncoderLayer(cfg.dim, cfg.heads, 2 * cfg.dim, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, cfg.layers, enable_nested_tensor=False)
        self.out = nn.Linear(cfg.dim, queues)

    def forward(self, tokens, pad):
        h = self.tok(tokens) + self.pos
        h = self.enc(h, src_key_padding_mask=pad)
        keep = (~pad).unsqueeze(-1).float()
        pooled = (h * keep).sum(1) / keep.sum(1)
        return self.out(pooled)


def load(cfg):
    z = np.load(cfg.data)
    tokens = torch.from_numpy(z["tokens"].astype(np.int64))
    pad = torch.from_numpy(z["pad"].astype(bool))
    queue = torch.from_numpy(z["queue"])
    ds = TensorDataset(tokens, pad, queue)
    n_val = len(ds) // 6
    parts = random_split(ds, [len(ds) - n_val, n_val], generator=torch.Generator().manual_seed(cfg.seed))
    return parts, int(tokens.max()) + 1, tokens.shape[1], int(queue.max()) + 1


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    hits = total = 0
    loss = 0.0
    for tokens, pad, queue in loader:
        logits = model(tokens, pad)
        loss += F.cross_entropy(logits, queue, reduction="sum").item()
        hits += (logits.argmax(1) == queue).sum().item()
        total += len(queue)
    model.train()
    return loss / total, hits / total


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    (train, val), vocab, length, queues = load(cfg)
    train_dl = DataLoader(train, batch_size=cfg.batch, shuffle=True)
    val_dl = DataLoader(val, batch_size=256)
    model = TicketRouter(vocab, length, queues, cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        running = 0.0
        for tokens, pad, queue in train_dl:
            opt.zero_grad()
            loss = F.cross_entropy(model(tokens, pad), queue)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            running += loss.item()
        vl, va = evaluate(model, val_dl)
        print(f"epoch {epoch + 1:2d}  train {running / len(train_dl):.4f}  val {vl:.4f}  acc {va:.3f}")


if __name__ == "__main__":
    main()
