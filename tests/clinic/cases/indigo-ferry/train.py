import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# Co-purchase graph: 900 articles in 4 departments, one in six has been filed by hand.
DEPARTMENTS = ["household", "garden", "sports", "toys"]
SHARES = [0.4, 0.25, 0.2, 0.15]
UNFILED = 0


def build_graph(n=900, feats=20, seed=13):
    rng = np.random.default_rng(seed)
    dept = rng.choice(len(DEPARTMENTS), size=n, p=SHARES)
    same = dept[:, None] == dept[None, :]
    prob = np.where(same, 0.022, 0.005)
    upper = np.triu(rng.random((n, n)) < prob, 1)
    src, dst = np.nonzero(upper | upper.T)
    centres = rng.normal(size=(len(DEPARTMENTS), feats)) * 0.35
    x = centres[dept] + rng.normal(size=(n, feats))
    return (torch.tensor(x, dtype=torch.float32), torch.tensor(np.stack([src, dst])),
            torch.tensor(dept), rng)


def normalised_adjacency(edges, n):
    loops = torch.arange(n).repeat(2, 1)
    edges = torch.cat([edges, loops], dim=1)
    deg = torch.zeros(n).index_add_(0, edges[0], torch.ones(edges.size(1)))
    w = (deg[edges[0]] * deg[edges[1]]).rsqrt()
    return torch.sparse_coo_tensor(edges, w, (n, n)).coalesce()


class GraphConv(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.lin = nn.Linear(cin, cout)

    def forward(self, adj, x):
        return torch.sparse.mm(adj, self.lin(x))


class GCN(nn.Module):
    def __init__(self, cin, hidden, cout, p=0.4):
        super().__init__()
        self.c1 = GraphConv(cin, hidden)
        self.c2 = GraphConv(hidden, cout)
        self.p = p

    def forward(self, adj, x):
        h = F.dropout(F.relu(self.c1(adj, x)), self.p, self.training)
        return self.c2(adj, h)


torch.manual_seed(0)
x, edges, dept, rng = build_graph()
n = len(dept)
filed = torch.zeros(n, dtype=torch.bool)
filed[torch.from_numpy(rng.permutation(n)[: n // 6])] = True
known = torch.full((n,), UNFILED)
known[filed] = dept[filed]

adj = normalised_adjacency(edges, n)
model = GCN(x.size(1), 32, len(DEPARTMENTS))
criterion = nn.CrossEntropyLoss(ignore_index=UNFILED)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)

for epoch in range(1, 401):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(adj, x), known)
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        model.eval()
        with torch.no_grad():
            pred = model(adj, x).argmax(1)
        ok = (pred == dept)
        per = "  ".join(f"{name} {ok[(dept == c) & ~filed].float().mean():.2f}"
                        for c, name in enumerate(DEPARTMENTS))
        print(f"epoch {epoch:3d}  loss {loss.item():.4f}  unfiled articles: {ok[~filed].float().mean():.3f}  ({per})")
