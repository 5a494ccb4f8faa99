# two-tower retrieval, users x items
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(4)
torch.manual_seed(4)
TASTE = 6
n_pairs = 4000
z = rng.normal(size=(n_pairs, TASTE)).astype('float32')
A = rng.normal(size=(TASTE, 20)).astype('float32')
Bm = rng.normal(size=(TASTE, 24)).astype('float32')
users = np.tanh(z @ A) + 0.1 * rng.normal(size=(n_pairs, 20)).astype('float32')
items = np.tanh(z @ Bm) + 0.1 * rng.normal(size=(n_pairs, 24)).astype('float32')
users, items = torch.tensor(users, dtype=torch.float32), torch.tensor(items, dtype=torch.float32)
tr, te = slice(0, 3500), slice(3500, 4000)


def tower(i, o=16):
    return nn.Sequential(nn.Linear(i, 64), nn.GELU(), nn.Linear(64, o))


class Retriever(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = tower(20)
        self.item = tower(24)
        self.logit_scale = nn.Parameter(torch.tensor(2.0))
        self.offset = nn.Parameter(torch.zeros(1))

    def embed_users(self, u):
        return F.normalize(self.user(u), dim=-1)

    @torch.no_grad()
    def embed(self, u, i):
        return self.embed_users(u), F.normalize(self.item(i), dim=-1)

    def forward(self, u, i):
        eu, ei = self.embed(u, i)
        return self.logit_scale.exp() * eu @ ei.t() + self.offset


def recall_at(model, k=5):
    eu, ei = model.embed(users[te], items[te])
    top = (eu @ ei.t()).topk(k, dim=1).indices
    return (top == torch.arange(500)[:, None]).any(1).float().mean().item()


model = Retriever()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
print('recall@5 before: %.3f' % recall_at(model))
for epoch in range(10):
    order = torch.randperm(3500)
    seen = []
    for chunk in order.split(100):
        logits = model(users[tr][chunk], items[tr][chunk])
        gold = torch.arange(len(chunk))
        loss = (F.cross_entropy(logits, gold) + F.cross_entropy(logits.t(), gold)) / 2
        opt.zero_grad()
        loss.backward()
        opt.step()
        seen.append(loss.item())
    print('epoch', epoch, 'infonce', round(float(np.mean(seen)), 4))
print('recall@5 after: %.3f' % recall_at(model))
