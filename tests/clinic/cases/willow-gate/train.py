import math
import torch
from torch import nn

torch.manual_seed(7)
N_KEYS, N_VALS, SLOTS = 8, 4, 6


def sample(n, g):
    keys = torch.stack([torch.randperm(N_KEYS, generator=g)[:SLOTS] for _ in range(n)])
    vals = torch.randint(0, N_VALS, (n, SLOTS), generator=g)
    pick = torch.randint(0, SLOTS, (n,), generator=g)
    x = torch.zeros(n, SLOTS + 1, N_KEYS + N_VALS + 1)
    r = torch.arange(n)
    for s in range(SLOTS):
        x[r, s + 1, keys[:, s]] = 1
        x[r, s + 1, N_KEYS + vals[:, s]] = 1
    x[r, 0, keys[r, pick]] = 1
    x[:, 0, -1] = 1
    x += 0.05 * torch.randn(x.shape, generator=g)
    return x, vals[r, pick]


class SensorFormer(nn.Module):
    def __init__(self, d_in, d=48, heads=4, layers=2, classes=N_VALS):
        super().__init__()
        self.d = d
        self.inp = nn.Linear(d_in, d)
        layer = nn.TransformerEncoderLayer(d, heads, dim_feedforward=96, dropout=0.0)
        self.enc = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(d, classes)
        pos = torch.arange(SLOTS + 1)[:, None]
        div = torch.exp(torch.arange(0, d, 2) * (-math.log(100.0) / d))
        pe = torch.zeros(SLOTS + 1, d)
        pe[:, 0::2] = torch.sin(pos * div)
        pe[:, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe * 0.3)

    def forward(self, x):
        h = self.inp(x) * math.sqrt(self.d) / 4 + self.pe
        h = self.enc(h)
        return self.head(h[:, 0])


g = torch.Generator().manual_seed(0)
Xtr, ytr = sample(6000, g)
Xva, yva = sample(800, g)
model = SensorFormer(Xtr.shape[-1])
optim = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
crit = nn.CrossEntropyLoss()

B = 64
step = 0
for epoch in range(4):
    perm = torch.randperm(len(Xtr), generator=g)
    for i in range(0, len(Xtr) - B + 1, B):
        idx = perm[i:i + B]
        optim.zero_grad()
        loss = crit(model(Xtr[idx]), ytr[idx])
        loss.backward()
        optim.step()
        step += 1
        if step % 40 == 0:
            print('step', step, 'loss', round(loss.item(), 4))

model.eval()
with torch.no_grad():
    acc = (torch.cat([model(c) for c in Xva.split(B)]).argmax(1) == yva).float().mean()
print('val acc', round(acc.item(), 4))
