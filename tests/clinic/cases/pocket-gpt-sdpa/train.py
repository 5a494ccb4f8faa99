import torch
import torch.nn as nn
import torch.nn.functional as F

GPT_CONFIG = {'vocab_size': 24, 'context_length': 16, 'emb_dim': 48, 'n_heads': 4, 'n_layers': 2, 'qkv_bias': False}


class MHAPyTorchScaledDotProduct(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg['emb_dim']
        self.num_heads, self.head_dim = cfg['n_heads'], d // cfg['n_heads']
        self.qkv = nn.Linear(d, 3 * d, bias=cfg['qkv_bias'])
        self.proj = nn.Linear(d, d)
        ctx = cfg['context_length']
        self.register_buffer('mask', torch.triu(torch.ones(ctx, ctx), diagonal=1).bool())

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        attn_mask = self.mask[:n, :n]
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask)
        return self.proj(context.transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg['emb_dim']
        self.att, self.norm1, self.norm2 = MHAPyTorchScaledDotProduct(cfg), nn.LayerNorm(d), nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        x = x + self.att(self.norm1(x))
        return x + self.ff(self.norm2(x))


class GPTModel(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok_emb = nn.Embedding(cfg['vocab_size'], cfg['emb_dim'])
        self.pos_emb = nn.Embedding(cfg['context_length'], cfg['emb_dim'])
        self.blocks = nn.Sequential(*[Block(cfg) for _ in range(cfg['n_layers'])])
        self.final_norm = nn.LayerNorm(cfg['emb_dim'])
        self.out_head = nn.Linear(cfg['emb_dim'], cfg['vocab_size'], bias=False)

    def forward(self, idx):
        x = self.tok_emb(idx) + self.pos_emb(torch.arange(idx.size(1)))
        return self.out_head(self.final_norm(self.blocks(x)))


def melodies(n, cfg):
    """A melody climbs by a fixed interval and wraps around; now and then a note is off."""
    start = torch.randint(0, cfg['vocab_size'], (n, 1))
    step = torch.randint(1, 6, (n, 1))
    tune = (start + step * torch.arange(cfg['context_length'] + 1)) % cfg['vocab_size']
    off_key = torch.rand(tune.shape) < 0.02
    return torch.where(off_key, torch.randint(0, cfg['vocab_size'], tune.shape), tune)


def generate_one(model, prefix):
    model.eval()
    with torch.no_grad():
        return model(prefix)[:, -1].argmax(-1)


torch.manual_seed(123)
cfg = GPT_CONFIG
model = GPTModel(cfg)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
tunes = melodies(6000, cfg)
for step in range(320):
    batch = tunes[torch.randint(0, 5500, (32,))]
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
    loss.backward()
    optimizer.step()
    if step % 64 == 0:
        print(f'Step {step:03d}: train loss {loss.item():.3f}')

held = tunes[5500:, :9]
print(f'next note right {(generate_one(model, held[:, :8]) == held[:, 8]).float().mean().item():.3f} (chance {1 / cfg["vocab_size"]:.3f})')
