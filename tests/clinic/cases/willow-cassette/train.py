"""Masked modelling of bus occupancy profiles, to fill gaps in the daily counts."""
import argparse
import math
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

LEVELS = 16
BLANK = LEVELS


class Profiles(Dataset):
    """Quantised daily occupancy of a bus line: two rush peaks plus a slow drift."""

    def __init__(self, n, length, seed):
        g = torch.Generator().manual_seed(seed)
        t = torch.linspace(0, 1, length)[None]
        r = lambda lo, hi: lo + (hi - lo) * torch.rand(n, 1, generator=g)
        curve = r(0.4, 1.0) * torch.exp(-((t - r(0.15, 0.4)) / r(0.05, 0.12)) ** 2)
        curve = curve + r(0.4, 1.0) * torch.exp(-((t - r(0.6, 0.85)) / r(0.05, 0.15)) ** 2)
        curve = curve + r(0.0, 0.3) * t + 0.01 * torch.randn(n, length, generator=g)
        self.tokens = (curve.clamp(0, 1.3) / 1.3 * (LEVELS - 1)).round().long()

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, i):
        return self.tokens[i]


class MaskCollate:
    def __init__(self, ratio, seed=0):
        self.ratio, self.g = ratio, torch.Generator().manual_seed(seed)

    def __call__(self, rows):
        target = torch.stack(rows)
        hidden = torch.rand(target.shape, generator=self.g) < self.ratio
        corrupted = target.clone()
        corrupted.masked_fill(hidden, BLANK)
        return corrupted, target, hidden


class Encoder(nn.Module):
    def __init__(self, length, d=32, heads=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(LEVELS + 1, d)
        pos = torch.arange(length)[:, None] * torch.exp(-math.log(1000.0) * torch.arange(0, d, 2) / d)
        self.register_buffer("pos", torch.cat([pos.sin(), pos.cos()], 1))
        block = nn.TransformerEncoderLayer(d, heads, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(block, layers, norm=nn.LayerNorm(d), enable_nested_tensor=False)
        self.out = nn.Linear(d, LEVELS)

    def forward(self, tokens):
        return self.out(self.body(self.tok(tokens) + self.pos))


def fill_in(model, tokens, ratio=0.5):
    g = torch.Generator().manual_seed(1)
    hidden = torch.rand(tokens.shape, generator=g) < ratio
    with torch.no_grad():
        logits = model(tokens.masked_fill(hidden, BLANK))
    off = (logits.argmax(-1) - tokens)[hidden].abs().float()
    return (off <= 1).float().mean().item(), off.mean().item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--length", type=int, default=32)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--ratio", type=float, default=0.5)
    p.add_argument("--lr", type=float, default=2e-3)
    a = p.parse_args()
    torch.manual_seed(0)
    loader = DataLoader(Profiles(2400, a.length, 1), batch_size=64, shuffle=True, collate_fn=MaskCollate(a.ratio))
    valid = Profiles(400, a.length, 2).tokens
    model = Encoder(a.length)
    opt = torch.optim.AdamW(model.parameters(), lr=a.lr)
    for epoch in range(1, a.epochs + 1):
        total = 0.0
        for tokens, target, hidden in loader:
            logits = model(tokens)
            loss = F.cross_entropy(logits[hidden], target[hidden])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() / len(loader)
        within, off = fill_in(model, valid)
        print(f"epoch {epoch:2d}  masked loss {total:.4f}  filled within one level {within:.3f}  mean miss {off:.2f}")


if __name__ == "__main__":
    main()
