import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)

# a citation-like graph with communities; only ten papers of each class have a label
N, C, D = 600, 4, 40
label = torch.randint(0, C, (N,))
same = label.unsqueeze(0) == label.unsqueeze(1)
prob = torch.where(same, torch.tensor(0.04), torch.tensor(0.004))
A = (torch.rand(N, N) < prob).float().triu(1)
A = A + A.T + torch.eye(N)
deg = A.sum(1)
A_hat = A / (deg.sqrt().unsqueeze(0) * deg.sqrt().unsqueeze(1))
centers = torch.randn(C, D) * 0.5
X = centers[label] + torch.randn(N, D)

train_mask = torch.zeros(N, dtype=torch.bool)
for c in range(C):
    train_mask[(label == c).nonzero().flatten()[:10]] = True
test_mask = ~train_mask


class GCNConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o, bias=False)
        self.bias = nn.Parameter(torch.zeros(o))

    def forward(self, x, adj):
        return adj @ self.lin(x) + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(D, 16), GCNConv(16, C)])

    def forward(self, x, adj):
        x = F.dropout(x, 0.3, self.training)
        x = F.relu(self.convs[0](x, adj))
        x = F.dropout(x, 0.5, self.training)
        return F.log_softmax(self.convs[1](x, adj), dim=1)


model = GCN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    out = model(X, A_hat)
    loss = F.nll_loss(out[train_mask], label[train_mask])
    loss.backward()
    optimizer.step()
    if epoch % 25 == 0:
        model.eval()
        with torch.no_grad():
            pred = model(X, A_hat).argmax(1)
        print(f"Epoch {epoch:03d} loss {loss.item():.4f} test acc {(pred == label)[test_mask].float().mean().item():.3f}")

model.eval()
with torch.no_grad():
    pred = model(X, A_hat).argmax(1)
print(f"train acc {(pred == label)[train_mask].float().mean().item():.3f}, test acc {(pred == label)[test_mask].float().mean().item():.3f} (chance 0.25)")
