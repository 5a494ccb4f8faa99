"""Sums of two numbers under a small transformer; linear warm-up, then inverse square root."""
import tomllib
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

s = tomllib.loads((Path(__file__).resolve().parent / "schedule.toml").read_text())
torch.manual_seed(64)


def sample(n):
    """Eight digits, two of them marked; the answer is the sum of the marked ones."""
    digits = torch.randint(6, (n, 8))
    where = torch.rand(n, 8).argsort(1)[:, :2]
    marked = torch.zeros(n, 8, dtype=torch.long).scatter_(1, where, 1)
    return digits + 6 * marked, (digits * marked).sum(1)


class Adder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.tokens = nn.Embedding(12, d)
        self.block = nn.TransformerEncoderLayer(d, 4, 4 * d, dropout=0.0, batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(d)
        self.answer = nn.Linear(d, 11)

    def forward(self, x):
        return self.answer(self.norm(self.block(self.tokens(x)).mean(1)))


model = Adder()
opt = torch.optim.AdamW(model.parameters(), lr=s["peak_lr"], betas=(0.9, 0.98))
w = s["warmup_steps"]
sched = LambdaLR(opt, lambda k: min((k + 1) / w, (w / (k + 1)) ** 0.5))
ce = nn.CrossEntropyLoss()
for step in range(1, s["total_steps"] + 1):
    x, y = sample(s["batch"])
    loss = ce(model(x), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.3f} lr {sched.get_last_lr()[0]:.2e}")
model.eval()
with torch.no_grad():
    x, y = sample(1000)
    print(f"accuracy on fresh sums {(model(x).argmax(-1) == y).float().mean().item():.3f}")
