import torch
import torch.nn as nn
import torch.nn.functional as F

# In-context tabular classifier: one "batch" is one small table. The rows of a table attend to each
# other; context rows come with their class, query rows come with the UNKNOWN class.

N_CLASSES = 3
UNKNOWN = N_CLASSES
N_FEATURES = 4


def sample_table(rows=64, gen=None):
    """Every table has its own class layout, so what a class means must be read from the context rows."""
    centres = 1.6 * torch.randn(N_CLASSES, N_FEATURES, generator=gen)
    y = torch.randint(N_CLASSES, (rows,), generator=gen)
    mixing = torch.eye(N_FEATURES) + 0.25 * torch.randn(N_FEATURES, N_FEATURES, generator=gen)
    x = centres[y] + 0.7 * torch.randn(rows, N_FEATURES, generator=gen) @ mixing
    x = (x - x.mean(0)) / x.std(0)
    is_query = torch.rand(rows, generator=gen) < 0.4
    return x, y, is_query


class RowAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, h, is_query):
        z = self.ln1(h).unsqueeze(0)
        a, _ = self.attn(z, z, z, key_padding_mask=is_query.unsqueeze(0), need_weights=False)
        h = h + a.squeeze(0)
        return h + self.ff(self.ln2(h))


class TableReader(nn.Module):
    def __init__(self, d=48, heads=4, depth=3):
        super().__init__()
        self.features = nn.Linear(N_FEATURES, d)
        self.label = nn.Embedding(N_CLASSES + 1, d)
        self.blocks = nn.ModuleList(RowAttention(d, heads) for _ in range(depth))
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, N_CLASSES))

    def forward(self, x, y, is_query):
        shown = torch.where(is_query, torch.full_like(y, UNKNOWN), y)
        h = self.features(x) + self.label(shown)
        for block in self.blocks:
            h = block(h, is_query)
        return self.head(h)


def evaluate(model, tables):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for x, y, q in tables:
            hit += (model(x, y, q).argmax(-1)[q] == y[q]).sum().item()
            n += q.sum().item()
    model.train()
    return hit / n


def main(steps=1400, log=200):
    torch.manual_seed(2)
    held_out = [sample_table(gen=torch.Generator().manual_seed(10_000 + i)) for i in range(100)]
    model = TableReader()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 50))
    avg = 0.0
    print(f"before training: query accuracy {evaluate(model, held_out):.3f}")
    for step in range(1, steps + 1):
        x, y, q = sample_table()
        logits = model(x, y, q)
        loss = F.cross_entropy(logits[q], y[q])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        warm.step()
        avg += loss.item() / log
        if step % log == 0:
            print(f"{step:5d} loss {avg:.3f}  new tables: query accuracy {evaluate(model, held_out):.3f}")
            avg = 0.0


main()
