"""Two-layer graph convolution on one graph: all nodes in every step, the loss only on the labelled ones."""
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=42)
parser.add_argument("--epochs", type=int, default=200)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--weight_decay", type=float, default=5e-4)
parser.add_argument("--hidden", type=int, default=16)
parser.add_argument("--dropout", type=float, default=0.3)
args = parser.parse_args()
np.random.seed(args.seed)
torch.manual_seed(args.seed)


def load_data(nodes=300, classes=4, words=40):
    label = np.random.randint(classes, size=nodes)
    same = label[:, None] == label[None, :]
    edge = np.triu(np.random.rand(nodes, nodes) < np.where(same, 0.06, 0.006), 1)
    adj = (edge | edge.T).astype(np.float32) + np.eye(nodes, dtype=np.float32)
    degree = adj.sum(1)
    adj = adj / np.sqrt(degree[:, None] * degree[None, :])
    topic = np.random.randn(classes, words) * 0.5
    features = topic[label] + np.random.randn(nodes, words)
    order = np.random.permutation(nodes)
    to = lambda a, t=torch.float32: torch.as_tensor(a, dtype=t)
    return to(adj), to(features), to(label, torch.int64), to(order[:120], torch.int64), to(order[120:], torch.int64)


class GraphConvolution(nn.Module):
    def __init__(self, fan_in, fan_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(fan_in, fan_out))
        self.bias = nn.Parameter(torch.zeros(fan_out))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, features, hidden, classes, dropout):
        super().__init__()
        self.gc1, self.gc2, self.dropout = GraphConvolution(features, hidden), GraphConvolution(hidden, classes), dropout

    def forward(self, x, adj):
        x = F.dropout(F.relu(self.gc1(x, adj)), self.dropout, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


adj, features, labels, idx_train, idx_test = load_data()
model = GCN(features.shape[1], args.hidden, 4, args.dropout)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
for epoch in range(args.epochs):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()
    if epoch % 25 == 0 or epoch == args.epochs - 1:
        model.eval()
        with torch.no_grad():
            output = model(features, adj)
        acc = (output[idx_test].argmax(1) == labels[idx_test]).float().mean().item()
        print(f"Epoch: {epoch:04d} loss_train: {loss_train.item():.4f} loss_test: {F.nll_loss(output[idx_test], labels[idx_test]).item():.4f} acc_test: {acc:.4f}")
