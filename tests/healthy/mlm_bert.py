from __future__ import annotations
from dataclasses import dataclass
import torch
from torch import nn, Tensor


@dataclass
class Cfg:
    vocab: int = 34          # 0 = pad, 1 = mask, 2.. words
    length: int = 20
    dim: int = 48
    heads: int = 4
    layers: int = 2
    mask_rate: float = 0.15
    steps: int = 600
    batch: int = 32
    lr: float = 3e-3
    seed: int = 7


class Corpus:
    """Sentences walk along an arithmetic progression modulo 32: any two visible neighbours tell the rest."""

    def __init__(self, cfg: Cfg):
        self.cfg = cfg

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        c = self.cfg
        start = torch.randint(0, 32, (n, 1))
        stride = torch.randint(1, 3, (n, 1))
        seq = (start + stride * torch.arange(c.length)) % 32 + 2
        lens = torch.randint(c.length // 2, c.length + 1, (n, 1))
        pad = torch.arange(c.length)[None] >= lens
        return seq.masked_fill(pad, 0), pad


class Encoder(nn.Module):
    def __init__(self, c: Cfg):
        super().__init__()
        self.tok = nn.Embedding(c.vocab, c.dim, padding_idx=0)
        self.pos = nn.Parameter(torch.randn(1, c.length, c.dim) * 0.1)
        layer = nn.TransformerEncoderLayer(c.dim, c.heads, 4 * c.dim, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, c.layers, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(c.dim), nn.Linear(c.dim, c.vocab))

    def forward(self, ids: Tensor, pad: Tensor) -> Tensor:
        return self.head(self.enc(self.tok(ids) + self.pos, src_key_padding_mask=pad))


def corrupt(ids: Tensor, pad: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    pick = (torch.rand(ids.shape) < rate) & ~pad
    labels = ids.masked_fill(~pick, -100)
    r = torch.rand(ids.shape)
    out = ids.masked_fill(pick & (r < 0.8), 1)
    noise = torch.randint(2, 34, ids.shape)
    return torch.where(pick & (r > 0.9), noise, out), labels


def main(cfg: Cfg) -> None:
    torch.manual_seed(cfg.seed)
    corpus, model = Corpus(cfg), Encoder(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=0.01)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, cfg.lr, total_steps=cfg.steps, pct_start=0.15)
    crit = nn.CrossEntropyLoss()                # ignore_index defaults to -100
    for step in range(cfg.steps):
        ids, pad = corpus.draw(cfg.batch)
        x, labels = corrupt(ids, pad, cfg.mask_rate)
        loss = crit(model(x, pad).transpose(1, 2), labels)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 50 == 0:
            print(f"step {step:4d} mlm loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        ids, pad = corpus.draw(400)
        x, labels = corrupt(ids, pad, cfg.mask_rate)
        keep = labels != -100
        acc = (model(x, pad).argmax(-1)[keep] == labels[keep]).float().mean().item()
    print(f"masked-token accuracy on fresh sentences {acc:.3f} (chance {1 / 32:.3f})")


if __name__ == "__main__":
    main(Cfg())
