# Attention written by hand; the mask says which tokens are kept (1) and which are filler (0).
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

np.random.seed(8)
torch.manual_seed(8)
N_ITEMS, DIM, LONGEST = 40, 32, 12
price = np.random.uniform(0.2, 1.8, N_ITEMS + 1)


def make_baskets(n):
    ids = np.zeros((n, LONGEST), dtype=np.int64)
    keep = np.zeros((n, LONGEST), dtype=np.float32)
    bill = np.zeros(n, dtype=np.float32)
    for i in range(n):
        k = np.random.randint(2, LONGEST + 1)
        ids[i, :k] = np.random.randint(1, N_ITEMS + 1, k)
        keep[i, :k] = 1
        bill[i] = price[ids[i, :k]].max()          # dearest item in the basket
    return torch.from_numpy(ids), torch.from_numpy(keep), torch.from_numpy(bill)


class SelfAttention(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, keep):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        score = q @ k.transpose(-2, -1) / math.sqrt(d // self.heads)
        score = score.masked_fill(keep[:, None, None, :] == 0, -1e9)
        mixed = torch.softmax(score, dim=-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(b, t, d))


class Basket(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(N_ITEMS + 1, DIM)
        self.attn = SelfAttention(DIM)
        self.norm = nn.LayerNorm(DIM)
        self.ff = nn.Sequential(nn.Linear(DIM, 64), nn.GELU(), nn.Linear(64, DIM))
        self.score, self.out = nn.Linear(DIM, 1), nn.Linear(DIM, 1)

    def forward(self, ids, keep):
        x = self.emb(ids)
        x = x + self.attn(self.norm(x), keep)
        x = x + self.ff(x)
        weight = torch.softmax(self.score(x).squeeze(-1).masked_fill(keep == 0, -1e9), dim=1)
        return self.out((weight.unsqueeze(-1) * x).sum(1)).squeeze(-1)


ids, keep, bill = make_baskets(3000)
bill = (bill - bill.mean()) / bill.std()
model = Basket()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for it in range(300):
    pick = torch.randint(0, 2500, (48,))
    loss = F.mse_loss(model(ids[pick], keep[pick]), bill[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        with torch.no_grad():
            held = F.mse_loss(model(ids[2500:], keep[2500:]), bill[2500:])
        print(f"[{it:03d}] batch mse {loss.item():.3f}  held-out mse {held.item():.3f}")
with torch.no_grad():
    print("final held-out mse", round(F.mse_loss(model(ids[2500:], keep[2500:]), bill[2500:]).item(), 4))
