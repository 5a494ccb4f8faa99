import math
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn


class TicketData(torch.utils.data.Dataset):
    """tokens (N, L), pad_mask (N, L) as nn.MultiheadAttention wants it, queue (N,)"""

    def __init__(self, path):
        z = np.load(path)
        self.vocab = int(z["vocab_size"])
        self.tokens = torch.from_numpy(z["tokens"].astype(np.int64))
        self.pad_mask = torch.from_numpy(z["pad_mask"])
        self.queue = torch.from_numpy(z["queue"])

    def __len__(self):
        return self.tokens.shape[0]

    def __getitem__(self, i):
        return {"tokens": self.tokens[i], "pad_mask": self.pad_mask[i], "queue": self.queue[i]}


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.n1 = nn.LayerNorm(d)
        self.n2 = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, q, x, pad_mask):
        a, _ = self.attn(q, x, x, key_padding_mask=pad_mask, need_weights=False)
        q = self.n1(q + a)
        return self.n2(q + self.ff(q))


class Router(nn.Module):
    def __init__(self, vocab, length, d=32, heads=4, queues=4):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Parameter(torch.randn(1, length, d) * 0.02)
        self.query = nn.Parameter(torch.randn(1, 1, d) * 0.1)
        self.block = Block(d, heads)
        self.head = nn.Linear(d, queues)
        self.scale = math.sqrt(d)

    def forward(self, tokens, pad_mask):
        x = self.tok(tokens) + self.pos
        q = self.query.expand(len(tokens), -1, -1)
        return self.head(self.block(q, x, pad_mask)[:, 0])


class Trainer:
    def __init__(self, model, train, valid, lr=2e-3, batch=50):
        self.model = model
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
        self.train_dl = torch.utils.data.DataLoader(train, batch_size=batch, shuffle=True)
        self.valid_dl = torch.utils.data.DataLoader(valid, batch_size=200)
        self.crit = nn.CrossEntropyLoss()

    def forward(self, b):
        z = self.model(b["tokens"], b["pad_mask"])
        return z, self.crit(z, b["queue"])

    def fit(self, epochs):
        for e in range(1, epochs + 1):
            self.model.train()
            losses = []
            for b in self.train_dl:
                _, loss = self.forward(b)
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.opt.step()
                losses.append(loss.item())
            if e % 3 == 0:
                print(f"epoch {e}: loss {sum(losses) / len(losses):.4f}  accuracy {self.accuracy():.3f}")

    @torch.no_grad()
    def accuracy(self):
        self.model.eval()
        hits = [(self.forward(b)[0].argmax(1) == b["queue"]).float() for b in self.valid_dl]
        return torch.cat(hits).mean().item()


def main():
    torch.manual_seed(2)
    data = TicketData(Path(__file__).with_name("tickets.npz"))
    valid = torch.utils.data.Subset(data, range(0, 300))
    train = torch.utils.data.Subset(data, range(300, len(data)))
    model = Router(data.vocab, data.tokens.shape[1])
    Trainer(model, train, valid).fit(15)


if __name__ == "__main__":
    main()
