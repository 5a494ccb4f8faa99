import json, math, os, torch
import torch.nn as nn, torch.nn.functional as F

cfg = dict(vocab=16, ctx=20, width=48, heads=4, depth=2, lr=2e-3, batch=20, iters=280, seed=9)
torch.manual_seed(cfg['seed'])

table = torch.softmax(torch.randn(cfg['vocab'], cfg['vocab'], cfg['vocab']) * 3.5, -1)


def stream(n):
    seq = [0, 1]
    u = torch.rand(n)
    cum = table.cumsum(-1)
    for i in range(n):
        seq.append(int(torch.searchsorted(cum[seq[-2], seq[-1]], u[i]).clamp(max=cfg['vocab'] - 1)))
    return torch.tensor(seq)


data, held = stream(8000), stream(2000)


def get_batch(src):
    i = torch.randint(0, len(src) - cfg['ctx'] - 1, (cfg['batch'],))
    w = torch.stack([src[k:k + cfg['ctx'] + 1] for k in i])
    return w[:, :-1], w[:, 1:]


class SelfAttention(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        att = q @ k.transpose(-2, -1) / math.sqrt(d // self.h)
        att = att.softmax(-1)
        return self.proj((att @ v).transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.att = SelfAttention(d, h)
        self.ff = nn.Sequential(nn.Linear(d, 3 * d), nn.GELU(), nn.Linear(3 * d, d))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.ff(self.n2(x))


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        d = cfg['width']
        self.tok, self.pos = nn.Embedding(cfg['vocab'], d), nn.Embedding(cfg['ctx'], d)
        self.blocks = nn.Sequential(*[Block(d, cfg['heads']) for _ in range(cfg['depth'])])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, cfg['vocab'])

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.shape[1]))
        return self.head(self.norm(self.blocks(x)))


net = LM()
opt = torch.optim.AdamW(net.parameters(), lr=cfg['lr'])
for it in range(cfg['iters']):
    x, y = get_batch(data)
    loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
    opt.zero_grad(); loss.backward(); opt.step()
    if it % 40 == 0:
        print(json.dumps({'iter': it, 'train_loss': round(loss.item(), 4)}))

net.eval()
with torch.no_grad():
    nll, n = 0.0, 0
    for _ in range(20):
        x, y = get_batch(held)
        prefix = x[:, :12]
        nll += F.cross_entropy(net(prefix)[:, -1], y[:, 11], reduction='sum').item()
        n += len(x)
print(json.dumps({'next-token nll on unfinished held-out text': round(nll / n, 4), 'uniform': round(math.log(cfg['vocab']), 4)}))
