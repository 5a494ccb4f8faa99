import torch
from torch import nn


def sbm(n_per=30, k=6, p_in=0.25, p_out=0.012, feat=16, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(k).repeat_interleave(n_per)
    same = y[:, None] == y[None]
    prob = torch.where(same, p_in, p_out)
    a = (torch.rand(len(y), len(y), generator=g) < prob).float().triu(1)
    a = a + a.t() + torch.eye(len(y))
    d = a.sum(1).rsqrt()
    centers = torch.randn(k, feat, generator=g) * 0.4
    x = centers[y] + torch.randn(len(y), feat, generator=g)
    mask = torch.rand(len(y), generator=g) < 0.4
    return x, d[:, None] * a * d[None], y, mask


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, dims, n_classes):
        super().__init__()
        self.convs = []
        for i, o in zip(dims[:-1], dims[1:]):
            self.convs.append(GraphConv(i, o))
        self.readout = nn.Linear(dims[-1], n_classes)

    def forward(self, x, adj):
        for conv in self.convs:
            x = torch.relu(conv(x, adj))
        return self.readout(x)


torch.manual_seed(3)
x, adj, y, train_mask = sbm()
model = GCN([16, 8, 4, 4], 6)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(1, 301):
    model.train()
    optimizer.zero_grad()
    out = model(x, adj)
    loss = loss_fn(out[train_mask], y[train_mask])
    loss.backward()
    optimizer.step()
    if epoch % 30 == 0:
        acc = (out[train_mask].argmax(1) == y[train_mask]).float().mean()
        print(f'Epoch {epoch:03d} Loss {loss:.4f} Train {acc:.3f}')

model.eval()
pred = model(x, adj).argmax(1)
print(f'Test accuracy: {(pred[~train_mask] == y[~train_mask]).float().mean():.3f}')
