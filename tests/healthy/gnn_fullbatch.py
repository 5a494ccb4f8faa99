"""Semi-supervised node classification: the whole graph at every step, loss on the few labelled nodes only."""
import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(17)
N, C, FEAT = 600, 4, 24
label = torch.randint(0, C, (N,))
same = label[:, None] == label[None]
A = (torch.rand(N, N) < torch.where(same, 0.05, 0.008)).triu(1)
A = (A | A.T).float() + torch.eye(N)
deg = A.sum(1).rsqrt()
A_hat = (deg[:, None] * A * deg[None]).to_sparse_csr()
centers = torch.randn(C, FEAT) * 0.35
X = centers[label] + torch.randn(N, FEAT)
perm = torch.randperm(N)
train_mask, val_mask, test_mask = (torch.zeros(N, dtype=torch.bool) for _ in range(3))
train_mask[perm[:60]] = True; val_mask[perm[60:160]] = True; test_mask[perm[160:]] = True


class GCNLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o)); self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, adj, x):
        return torch.sparse.mm(adj, x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.g1, self.g2 = GCNLayer(FEAT, 16), GCNLayer(16, C)

    def forward(self, adj, x):
        x = F.dropout(F.relu(self.g1(adj, x)), 0.5, self.training)
        return F.log_softmax(self.g2(adj, x), dim=1)


model = GCN()
opt = torch.optim.Adam([{"params": model.g1.parameters(), "weight_decay": 5e-4}, {"params": model.g2.parameters(), "weight_decay": 0}], lr=0.01)
best_val = best_test = 0
for epoch in range(200):
    model.train()
    opt.zero_grad()
    out = model(A_hat, X)
    loss = F.nll_loss(out[train_mask], label[train_mask])
    loss.backward()
    opt.step()
    model.eval()
    with torch.no_grad():
        pred = model(A_hat, X).argmax(1)
        va, te = ((pred == label)[m].float().mean().item() for m in (val_mask, test_mask))
    if va > best_val: best_val, best_test = va, te
    if epoch % 40 == 0: print(f"Epoch {epoch:03d} loss {loss.item():.4f} val {va:.3f}")
print(f"test accuracy {best_test:.3f} over {int(test_mask.sum())} unlabelled nodes (chance {1 / C})")
