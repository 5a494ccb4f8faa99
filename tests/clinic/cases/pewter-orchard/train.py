"""Graph recommender trained with Bayesian personalised ranking."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.RandomState(0)
torch.manual_seed(0)

N_USERS, N_ITEMS, N_TASTES = 240, 160, 6
EPOCH, BATCH, DIM, LAYERS = 20, 256, 24, 2


def interactions():
    taste_u = rng.dirichlet(np.full(N_TASTES, 0.25), N_USERS)
    taste_i = rng.dirichlet(np.full(N_TASTES, 0.25), N_ITEMS)
    affinity = taste_u @ taste_i.T
    rows = []
    for u in range(N_USERS):
        p = affinity[u] ** 2 + 1e-4
        liked = rng.choice(N_ITEMS, size=24, replace=False, p=p / p.sum())
        rows += [(u, i) for i in liked]
    rows = np.array(rows)
    test = np.zeros(len(rows), bool)
    for u in range(N_USERS):
        test[rng.choice(np.where(rows[:, 0] == u)[0], 4, replace=False)] = True
    return rows[~test], rows[test]


def normalised_adjacency(edges):
    n = N_USERS + N_ITEMS
    a = torch.zeros(n, n)
    u, i = torch.tensor(edges[:, 0]), torch.tensor(edges[:, 1]) + N_USERS
    a[u, i] = 1.0
    a[i, u] = 1.0
    d = a.sum(1).clamp(min=1).rsqrt()
    return d[:, None] * a * d[None, :]


class GraphRec(nn.Module):
    def __init__(self, adj):
        super().__init__()
        self.register_buffer("adj", adj)
        self.emb = nn.Parameter(torch.randn(N_USERS + N_ITEMS, DIM) * 0.1)
        self.lin = nn.ModuleList([nn.Linear(DIM, DIM) for _ in range(LAYERS)])

    def forward(self):
        h, outs = self.emb, [self.emb]
        for l in self.lin:
            h = torch.tanh(l(self.adj @ h)) + h
            outs.append(h)
        h = torch.stack(outs).mean(0)
        return h[:N_USERS], h[N_USERS:]


def triples(edges, seen):
    perm = rng.permutation(len(edges))
    for k in range(0, len(perm), BATCH):
        e = edges[perm[k:k + BATCH]]
        neg = rng.randint(0, N_ITEMS, len(e))
        clash = seen[e[:, 0], neg]
        while clash.any():
            neg[clash] = rng.randint(0, N_ITEMS, clash.sum())
            clash = seen[e[:, 0], neg]
        yield torch.from_numpy(e[:, 0]), torch.from_numpy(e[:, 1]), torch.from_numpy(neg)


def recall_at(model, seen, test, k=20):
    with torch.no_grad():
        zu, zi = model()
        s = zu @ zi.T
    s[torch.from_numpy(seen)] = -1e9
    top = s.topk(k, 1).indices.numpy()
    return np.mean([i in top[u] for u, i in test])


train_edges, test_edges = interactions()
seen = np.zeros((N_USERS, N_ITEMS), bool)
seen[train_edges[:, 0], train_edges[:, 1]] = True

model = GraphRec(normalised_adjacency(train_edges))
optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5)
print("random recall@20: %.3f" % (20 / (N_ITEMS - 20)))

for epoch in range(EPOCH):
    model.train()
    loss_sum = steps = 0
    for u, p, n in triples(train_edges, seen):
        zu, zi = model()
        diff = (zu[u] * (zi[p] - zi[n])).sum(1)
        loss = -F.logsigmoid(torch.neg(diff)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        steps += 1
    model.eval()
    print("epochs: {}/{}  loss {:.4f}  recall@20 {:.3f}".format(epoch + 1, EPOCH, loss_sum / steps, recall_at(model, seen, test_edges)))
