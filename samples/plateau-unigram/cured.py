"""A small decoder-only transformer on word sequences in which every word depends on the two before it."""
import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB, CONTEXT, DIM, BATCH, STEPS = 40, 20, 48, 32, 350


def write_corpus(n, g):
    """The next word is mostly a fixed function of the last one and of whether the one before was even."""
    frequency = 1.0 / (torch.arange(VOCAB) + 4.0)
    table = torch.multinomial(frequency, VOCAB * 2, replacement=True, generator=g).view(VOCAB, 2)
    text = torch.multinomial(frequency, n * (CONTEXT + 1), replacement=True, generator=g).view(n, CONTEXT + 1)
    for t in range(2, CONTEXT + 1):
        follow = table[text[:, t - 1], text[:, t - 2] % 2]
        text[:, t] = torch.where(torch.rand(n, generator=g) < 0.75, follow, text[:, t])
    return text


class Block(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.heads = heads

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(mixed.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.norm2(x))


class TinyGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.word = nn.Embedding(VOCAB, DIM)
        self.position = nn.Embedding(CONTEXT, DIM)
        self.blocks = nn.Sequential(Block(DIM), Block(DIM))
        self.norm = nn.LayerNorm(DIM)
        self.lm_head = nn.Linear(DIM, VOCAB)

    def forward(self, ids):
        pos = torch.arange(ids.size(1)).expand_as(ids)
        x = self.word(ids) + self.position(pos)
        return self.lm_head(self.norm(self.blocks(x)))


def main():
    torch.manual_seed(5)
    g = torch.Generator().manual_seed(5)
    corpus = write_corpus(4400, g)
    train, valid = corpus[:4000], corpus[4000:]
    model = TinyGPT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98))
    for step in range(1, STEPS + 1):
        rows = train[torch.randint(0, len(train), (BATCH,))]
        logits = model(rows[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCAB), rows[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:4d} | loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        loss = F.cross_entropy(model(valid[:, :-1]).reshape(-1, VOCAB), valid[:, 1:].reshape(-1)).item()
    share = torch.bincount(train[:, 1:].flatten(), minlength=VOCAB) / train[:, 1:].numel()
    print(f"validation loss {loss:.3f} (word frequencies alone: {torch.special.entr(share).sum():.3f})")


if __name__ == "__main__":
    main()
