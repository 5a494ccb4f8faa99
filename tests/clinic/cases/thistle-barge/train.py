"""Shelf look-up: given a set of items (key features, contents) and a query, say what the
queried item contains. Sets are unordered; the query is a noisy view of one item's key."""
import torch
import torch.nn as nn

N_ITEMS, KEY, CONTENTS = 10, 8, 6


def shelves(n, seed):
    g = torch.Generator().manual_seed(seed)
    keys = torch.randn(n, N_ITEMS, KEY, generator=g)
    contents = torch.randint(0, CONTENTS, (n, N_ITEMS), generator=g)
    pick = torch.randint(0, N_ITEMS, (n,), generator=g)
    rows = torch.arange(n)
    query = keys[rows, pick] + 0.15 * torch.randn(n, KEY, generator=g)
    items = torch.cat([keys, nn.functional.one_hot(contents, CONTENTS).float()], dim=-1)
    return items, query, contents[rows, pick]


class SetAttention(nn.Module):
    def __init__(self, d_query, d_item, d_model=64):
        super().__init__()
        self.q = nn.Linear(d_query, d_model)
        self.k = nn.Linear(d_item, d_model)
        self.v = nn.Linear(d_item, d_model)
        self.out = nn.Linear(d_model, d_model)
        self.normalise = nn.Softmax(dim=-1)

    def forward(self, query, items):
        q = self.q(query).unsqueeze(1)
        k, v = self.k(items), self.v(items)
        scores = (q * k).sum(-1, keepdim=True) / k.size(-1) ** 0.5
        weights = self.normalise(scores)
        return self.out((weights * v).sum(1))


class ShelfReader(nn.Module):
    def __init__(self, d_model=64):
        super().__init__()
        self.attend = SetAttention(KEY, KEY + CONTENTS, d_model)
        self.norm = nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(nn.Linear(d_model, d_model), nn.GELU(), nn.Linear(d_model, CONTENTS))

    def forward(self, items, query):
        return self.mlp(self.norm(self.attend(query, items)))


def evaluate(model, data, size=250):
    model.eval()
    hits = 0
    with torch.no_grad():
        for items, query, y in zip(*(t.split(size) for t in data)):
            hits += (model(items, query).argmax(-1) == y).sum().item()
    model.train()
    return hits / len(data[2])


def run():
    torch.manual_seed(17)
    train, test = shelves(8000, 100), shelves(1000, 200)
    model = ShelfReader()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    steps, batch = 1500, 64
    warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 50))
    loss_fn = nn.CrossEntropyLoss()
    avg = None
    for step in range(1, steps + 1):
        idx = torch.randint(0, len(train[2]), (batch,))
        items, query, y = (t[idx] for t in train)
        loss = loss_fn(model(items, query), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        warm.step()
        avg = loss.item() if avg is None else 0.98 * avg + 0.02 * loss.item()
        if step % 150 == 0:
            print(f"{step:5d}  loss {avg:.3f}  test accuracy {evaluate(model, test):.3f}")


if __name__ == "__main__":
    run()
