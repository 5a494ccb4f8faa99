import math
import torch
import torch.nn as nn
from torch.nn import functional as F

torch.manual_seed(1337)
block_size, batch_size, n_embd, n_head, max_iters = 24, 24, 48, 4, 500

# a little made-up language: sentences from a grammar
g = torch.Generator().manual_seed(5)


def pick(words):
    return words[int(torch.randint(0, len(words), (1,), generator=g))]


def sentence():
    return " ".join([pick(["the", "a", "my"]), pick(["cat", "dog", "bird", "king"]), pick(["sees", "eats", "likes"]),
                     pick(["the", "a", "my"]), pick(["fish", "hat", "tree", "crown"])]) + ". "


text = "".join(sentence() for _ in range(1500))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
train_data, val_data = data[:n], data[n:]


def get_batch(split, bs=batch_size):
    d = train_data if split == "train" else val_data
    ix = torch.randint(len(d) - block_size - 1, (bs,))
    x = torch.stack([d[i:i + block_size] for i in ix])
    y = torch.stack([d[i + 1:i + block_size + 1] for i in ix])
    return x, y


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(n_embd, 3 * n_embd, bias=False)
        self.proj = nn.Linear(n_embd, n_embd)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, n_head, C // n_head).transpose(1, 2) for t in self.qkv(x).split(C, dim=2))
        att = q @ k.transpose(-2, -1) / math.sqrt(C // n_head)
        att = F.softmax(att, dim=-1)
        return self.proj((att @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.sa = SelfAttention()
        self.mlp = nn.Sequential(nn.Linear(n_embd, 2 * n_embd), nn.GELU(), nn.Linear(2 * n_embd, n_embd))
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class CharLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(chars), n_embd)
        self.pos = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(Block(), Block())
        self.ln = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, len(chars))

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        return self.head(self.ln(self.blocks(x)))


model = CharLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for it in range(max_iters):
    xb, yb = get_batch("train")
    logits = model(xb)
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), yb.view(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 50 == 0 or it == max_iters - 1:
        print(f"iter {it}: train loss {loss.item():.4f}")

# how well does it continue unseen text, one character at a time?
model.eval()
with torch.no_grad():
    hits = []
    for t in (8, 12, 16, 20, 23):
        ix = torch.randint(len(val_data) - block_size - 1, (120,))
        ctx = torch.stack([val_data[i:i + t] for i in ix])
        nxt = torch.stack([val_data[i + t] for i in ix])
        hits.append((model(ctx)[:, -1].argmax(-1) == nxt).float().mean())
    seq = val_data[:8].tolist()
    for _ in range(60):
        seq.append(int(model(torch.tensor([seq[-block_size:]]))[0, -1].argmax()))
print("sample:", "".join(chars[i] for i in seq))
print(f"next-character accuracy on unseen text: {torch.stack(hits).mean():.3f}")
