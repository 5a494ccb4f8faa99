# tiny GPT on a 2nd-order Markov source; the source's entropy rate is known, so we know where the floor is
import argparse, math
import torch, torch.nn as nn, torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--steps", type=int, default=400)
ap.add_argument("--block", type=int, default=32)
ap.add_argument("--batch", type=int, default=24)
ap.add_argument("--lr", type=float, default=3e-3)
ap.add_argument("--seed", type=int, default=1337)
args = ap.parse_args()
torch.manual_seed(args.seed)

V = 12
table = torch.distributions.Dirichlet(torch.full((V,), 0.6)).sample((V,))


def stream(n):
    cdf = table.cumsum(-1)
    u = torch.rand(n).tolist()
    out, s = [], 0
    rows = cdf.tolist()
    for k in range(n):
        r = rows[s]
        s = 0
        while s < V - 1 and r[s] < u[k]:
            s += 1
        out.append(s)
    return torch.tensor(out)


data = stream(40000)
train, val = data[:36000], data[36000:]
# stationary entropy
pi = torch.linalg.matrix_power(table.double(), 200)[0]
H = -(pi[:, None] * table.double() * table.double().clamp_min(1e-12).log()).sum().item()


def batch(src):
    ix = torch.randint(len(src) - args.block - 1, (args.batch,))
    x = torch.stack([src[i:i + args.block] for i in ix])
    y = torch.stack([src[i + 1:i + 1 + args.block] for i in ix])
    return x, y


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.proj = nn.Linear(d, d, bias=False)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(B, T, 3, self.h, C // self.h).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, d=48, h=4, n=2):
        super().__init__()
        self.tok, self.pos = nn.Embedding(V, d), nn.Embedding(args.block, d)
        self.blocks = nn.ModuleList(Block(d, h) for _ in range(n))
        self.ln = nn.LayerNorm(d)
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.tok.weight  # tied
        nn.init.normal_(self.tok.weight, std=0.05)

    def forward(self, x, y):
        h = self.tok(x) + self.pos.weight[: x.size(1)]
        for b in self.blocks:
            h = b(h)
        logits = self.head(self.ln(h))
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())


model = GPT()
decay = [p for p in model.parameters() if p.ndim > 1]
plain = [p for p in model.parameters() if p.ndim <= 1]
optim = torch.optim.AdamW([dict(params=decay, weight_decay=0.1), dict(params=plain, weight_decay=0.0)], lr=args.lr, betas=(0.9, 0.95))


def lr_at(step, warm=40):
    if step < warm:
        return (step + 1) / warm
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / (args.steps - warm)))


for it in range(args.steps):
    for g in optim.param_groups:
        g["lr"] = args.lr * lr_at(it)
    loss = model(*batch(train))
    optim.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optim.step()
    if it % 50 == 0:
        print(f"{it:4d} {loss.item():.4f}")

model.eval()
with torch.no_grad():
    v = sum(model(*batch(val)).item() for _ in range(40)) / 40
p = torch.bincount(train, minlength=V).float()
p = p / p.sum()
uni = -(p * p.log()).sum().item()
print(f"val {v:.4f} nats; entropy rate {H:.4f}; unigram {uni:.4f}")
