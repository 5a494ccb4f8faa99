# Answering "what does X cost?" over a small price board.
import torch
import torch.nn as nn
import torch.nn.functional as F

N_ITEMS = 30
N_PRICES = 10
BOARD = 8


def board_batches(batch_size, seed):
    gen = torch.Generator().manual_seed(seed)
    while True:
        items = torch.rand(batch_size, N_ITEMS, generator=gen).argsort(1)[:, :BOARD]
        prices = torch.randint(0, N_PRICES, (batch_size, BOARD), generator=gen)
        pick = torch.randint(0, BOARD, (batch_size, 1), generator=gen)
        yield items, prices, items.gather(1, pick).squeeze(1), prices.gather(1, pick).squeeze(1)


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)

    def forward(self, query, memory):
        # query: (batch, 1, dim), memory: (batch, board, dim)
        scores = torch.bmm(self.q(query), self.k(memory).transpose(1, 2))
        weights = F.softmax(scores / memory.size(-1) ** 0.5, dim=1)
        return torch.bmm(weights, self.v(memory)), weights


class PriceReader(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.item_emb = nn.Embedding(N_ITEMS, dim)
        self.price_emb = nn.Embedding(N_PRICES, dim)
        self.attn = Attention(dim)
        self.head = nn.Sequential(nn.Linear(2 * dim, 96), nn.ReLU(), nn.Linear(96, N_PRICES))

    def forward(self, items, prices, question):
        memory = self.item_emb(items) + self.price_emb(prices)
        query = self.item_emb(question).unsqueeze(1)
        context, _ = self.attn(query, memory)
        return self.head(torch.cat([context, query], dim=-1).squeeze(1))


torch.manual_seed(3)
model = PriceReader()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
stream = board_batches(128, seed=1)
held_out = next(board_batches(1000, seed=2))

for step in range(1, 601):
    items, prices, question, answer = next(stream)
    logits = model(items, prices, question)
    loss = F.cross_entropy(logits, answer)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 0:
        with torch.no_grad():
            items, prices, question, answer = held_out
            acc = (model(items, prices, question).argmax(-1) == answer).float().mean()
        print(f"step {step:4d} | loss {loss.item():.3f} | held-out acc {acc.item():.3f}")
