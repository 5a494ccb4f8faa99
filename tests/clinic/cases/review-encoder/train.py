from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(0)
blob = np.load(Path(__file__).parent / "reviews.npz")
tokens = torch.from_numpy(blob["tokens"].astype("int64"))
mask = torch.from_numpy(blob["mask"]).bool()
stars = torch.from_numpy(blob["stars"].astype("int64"))
print("reviews:", tokens.shape, "vocab:", int(tokens.max()) + 1)

VOCAB, DIM, CLASSES = int(tokens.max()) + 1, 32, int(stars.max()) + 1
split = 1500


class ReviewEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, DIM)
        self.query = nn.Parameter(torch.randn(1, 1, DIM) * 0.1)
        self.attn = nn.MultiheadAttention(DIM, 4, batch_first=True)
        self.norm = nn.LayerNorm(DIM)
        self.ff = nn.Sequential(nn.Linear(DIM, 64), nn.GELU(), nn.Linear(64, CLASSES))

    def forward(self, tok, m):
        e = self.emb(tok)
        q = self.query.expand(tok.size(0), -1, -1)
        pooled, _ = self.attn(q, e, e, key_padding_mask=m, need_weights=False)
        return self.ff(self.norm(pooled[:, 0]))


model = ReviewEncoder()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
ce = nn.CrossEntropyLoss()

for epoch in range(1, 13):
    model.train()
    order = torch.randperm(split)
    losses = []
    for i in range(0, split, 50):
        k = order[i:i + 50]
        opt.zero_grad()
        loss = ce(model(tokens[k], mask[k]), stars[k])
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: train loss {sum(losses) / len(losses):.4f}")

model.eval()
with torch.no_grad():
    acc = (model(tokens[split:], mask[split:]).argmax(1) == stars[split:]).float().mean().item()
print(f"dev accuracy: {acc:.3f}")
