import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(2024)

CFG = dict(width=24, depth=5, lr=2e-3, wd=1e-4, iters=1500, bs=96)


class Block(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.a = nn.Linear(w, w)
        self.b = nn.Linear(w, w)

    def forward(self, x):
        return torch.tanh(self.b(torch.tanh(self.a(x))))


class Mixer(nn.Module):
    def __init__(self, nin, width, depth, nout):
        super().__init__()
        self.stem = nn.Linear(nin, width)
        self.blocks = []
        for _ in range(depth):
            self.blocks.append(Block(width))
        self.head = nn.Linear(width, nout)

    def forward(self, x):
        h = torch.tanh(self.stem(x))
        for blk in self.blocks:
            h = blk(h) + 0.0
        return self.head(h)


def sample(n):
    x = torch.rand(n, 2) * 4 - 2
    r = x.norm(dim=1)
    ang = torch.atan2(x[:, 1], x[:, 0])
    y = ((r * 2.2 + ang * 3 / 3.14159).floor().long()) % 3
    return x, y


net = Mixer(2, CFG["width"], CFG["depth"], 3)
opt = torch.optim.AdamW(net.parameters(), lr=CFG["lr"], weight_decay=CFG["wd"])
xv, yv = sample(2000)
ema = None
for it in range(CFG["iters"]):
    x, y = sample(CFG["bs"])
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    ema = loss.item() if ema is None else 0.97 * ema + 0.03 * loss.item()
    if it % 150 == 0 or it == CFG["iters"] - 1:
        print(f"iter {it:5d}  loss(ema) {ema:.4f}")
with torch.no_grad():
    print("val acc: {:.3f}".format((net(xv).argmax(1) == yv).float().mean().item()))
