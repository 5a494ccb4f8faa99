"""In-context regression: the sequence axis is a *set* of points of one function, and the targets sit in the context on purpose.

Layout is (points, tasks, features): nn.Transformer's default, batch_first=False.
"""
import torch
from torch import nn

torch.manual_seed(0)
CTX, QRY, D = 16, 8, 4


def draw(tasks):
    w = torch.randn(1, tasks, D)
    x = torch.randn(CTX + QRY, tasks, D)
    y = (x * w).sum(-1, keepdim=True) / D ** 0.5
    return x, y


class InContext(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.inp = nn.Linear(D + 2, d)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(d, 4, 96, dropout=0.0, norm_first=True) for _ in range(2))
        self.out = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 1))
        block = torch.zeros(CTX + QRY, CTX + QRY, dtype=torch.bool)
        block[:, CTX:] = True                     # nobody looks at a query ...
        block[range(CTX, CTX + QRY), range(CTX, CTX + QRY)] = False   # ... but itself
        self.register_buffer("block", block)

    def forward(self, x, y):
        known = torch.zeros_like(y); known[:CTX] = 1
        h = self.inp(torch.cat([x, y * known, known], -1))
        for l in self.layers:
            h = l(h, src_mask=self.block)
        return self.out(h)[CTX:]


net = InContext()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
warm = torch.optim.lr_scheduler.LinearLR(opt, 0.02, 1.0, total_iters=30)
for step in range(400):
    x, y = draw(32)
    loss = nn.functional.mse_loss(net(x, y), y[CTX:])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    warm.step()
    if step % 50 == 0: print(step, round(loss.item(), 4))
net.eval()
with torch.no_grad():
    x, y = draw(500)
    r2 = 1 - nn.functional.mse_loss(net(x, y), y[CTX:]) / y[CTX:].var()
print(f"R2 on fresh functions {r2.item():.3f} (mean predictor 0)")
