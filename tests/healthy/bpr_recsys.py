import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import IterableDataset, DataLoader

USERS, ITEMS, K = 300, 200, 4
rs = np.random.RandomState(0)
P, Q = rs.randn(USERS, K), rs.randn(ITEMS, K)
aff = P @ Q.T + 0.5 * rs.randn(USERS, ITEMS)
liked = [np.argsort(-aff[u])[:24] for u in range(USERS)]
held = [rs.choice(l, 4, replace=False) for l in liked]
train = [np.setdiff1d(l, h) for l, h in zip(liked, held)]


class Triples(IterableDataset):
    """(user id, liked item id, other item id); ids are the only input"""
    def __iter__(self):
        rng = np.random.RandomState(1)
        sets = [set(l.tolist()) for l in liked]
        while True:
            u = rng.randint(USERS)
            i = rng.choice(train[u])
            j = rng.randint(ITEMS)
            if j in sets[u] and j not in held[u]:
                continue
            yield u, int(i), j


class BPR(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.u, self.i, self.b = nn.Embedding(USERS, dim), nn.Embedding(ITEMS, dim), nn.Embedding(ITEMS, 1)
        for e in (self.u, self.i): nn.init.normal_(e.weight, std=0.1)
        nn.init.zeros_(self.b.weight)

    def score(self, u, i):
        return (self.u(u) * self.i(i)).sum(-1) + self.b(i).squeeze(-1)

    def everything(self):
        return self.u.weight @ self.i.weight.T + self.b.weight.T


torch.manual_seed(0)
model = BPR()
opt = torch.optim.Adagrad(model.parameters(), lr=0.15)
for step, (u, i, j) in enumerate(DataLoader(Triples(), batch_size=256)):
    loss = -torch.nn.functional.logsigmoid(model.score(u, i) - model.score(u, j)).mean()
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 50 == 0: print("step", step, "bpr", round(loss.item(), 4))
    if step == 249: break

with torch.no_grad(): S = model.everything().numpy()
auc = []
for u in range(USERS):
    neg = np.setdiff1d(np.arange(ITEMS), liked[u])
    auc.append((S[u, held[u]][:, None] > S[u, neg][None]).mean())
print(f"held-out AUC {np.mean(auc):.3f} (chance 0.5)")
