import torch
import torch.nn as nn
import torch.nn.functional as F


def toy_graph(n=400, k=4, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, k, (n,), generator=g)
    same = (y[:, None] == y[None, :]).float()
    prob = same * 0.04 + (1 - same) * 0.006
    a = (torch.rand(n, n, generator=g) < prob).float().triu(1)
    a = a + a.t() + torch.eye(n)
    x = torch.randn(n, 24, generator=g)
    proto = torch.randn(k, 24, generator=g)
    x = x + 0.55 * proto[y]
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None, :], x, y


class GCNLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, adj, h):
        return adj @ (h @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass):
        super().__init__()
        self.gc1 = GCNLayer(nfeat, nhid)
        self.gc2 = GCNLayer(nhid, nhid)
        self.gc3 = GCNLayer(nhid, nclass)

    def forward(self, adj, x):
        x = F.relu(self.gc1(adj, x))
        x = F.relu(self.gc2(adj, x))
        return F.log_softmax(self.gc3(adj, x), dim=1)


torch.manual_seed(4)
adj, feats, labels = toy_graph()
perm = torch.randperm(len(labels))
idx_train, idx_test = perm[:160], perm[160:]
model = GCN(24, 32, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)

for epoch in range(400):
    model.train()
    output = model(adj, feats)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()
    if epoch % 20 == 0:
        acc = (output[idx_train].argmax(1) == labels[idx_train]).float().mean()
        print('Epoch: {:04d} loss_train: {:.4f} acc_train: {:.4f}'.format(epoch, loss_train.item(), acc.item()))

model.eval()
out = model(adj, feats)
print('Test set results: accuracy= {:.4f}'.format((out[idx_test].argmax(1) == labels[idx_test]).float().mean().item()))
