from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader

from batching import MAXLEN, PAD, VOCAB, collate, make_corpus


@dataclass
class Config:
    d_model: int = 40
    nhead: int = 4
    layers: int = 2
    lr: float = 1.5e-3
    batch: int = 40
    epochs: int = 4
    seed: int = 11


class Encoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, cfg.d_model, padding_idx=PAD)
        self.pos = nn.Parameter(torch.randn(1, MAXLEN, cfg.d_model) * 0.02)
        block = nn.TransformerEncoderLayer(cfg.d_model, cfg.nhead, 80, dropout=0.05, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, cfg.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(cfg.d_model)
        self.cls = nn.Linear(cfg.d_model, 3)

    def forward(self, input_ids, attention_mask):
        h = self.tok(input_ids) + self.pos
        h = self.blocks(h, src_key_padding_mask=attention_mask.bool())
        return self.cls(self.norm(h[:, 0]))


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        self.model = Encoder(cfg)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr)
        self.sched = torch.optim.lr_scheduler.LinearLR(self.optimizer, 0.1, 1.0, total_iters=30)
        self.train_loader = DataLoader(make_corpus(2000, 0), cfg.batch, shuffle=True, collate_fn=collate)
        self.test_loader = DataLoader(make_corpus(400, 1), cfg.batch, collate_fn=collate)

    def training_step(self, batch):
        labels = batch.pop("labels")
        loss = nn.functional.cross_entropy(self.model(**batch), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.sched.step()
        return loss.item()

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        ok = n = 0
        for batch in self.test_loader:
            labels = batch.pop("labels")
            ok += (self.model(**batch).argmax(-1) == labels).sum().item()
            n += len(labels)
        self.model.train()
        return ok / n

    def fit(self):
        for epoch in range(self.cfg.epochs):
            losses = [self.training_step(b) for b in self.train_loader]
            print(f"[{epoch}] train_loss={sum(losses) / len(losses):.4f} test_acc={self.evaluate():.3f}")


if __name__ == "__main__":
    Trainer(Config()).fit()
