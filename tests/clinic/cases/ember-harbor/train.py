"""Factorisation machine on implicit clicks (user segment x item x daypart x device)."""
import numpy as np
import torch
import torch.nn as nn


def simulate(n, field_sizes, rank, seed):
    rng = np.random.default_rng(seed)
    world = np.random.default_rng(2024)
    factors = [world.normal(0, 1.0, (s, rank)) for s in field_sizes]
    x = np.stack([rng.integers(0, s, n) for s in field_sizes], 1)
    v = [f[x[:, j]] for j, f in enumerate(factors)]
    total = sum(v)
    score = 0.5 * (total ** 2 - sum(a ** 2 for a in v)).sum(1)
    p = 1 / (1 + np.exp(-1.2 * score))
    y = (rng.random(n) < p).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(y)


class FieldEmbedding(nn.Module):
    def __init__(self, field_sizes, dim):
        super().__init__()
        self.tables = []
        for size in field_sizes:
            e = nn.Embedding(size, dim)
            nn.init.xavier_uniform_(e.weight)
            self.tables.append(e)

    def forward(self, x):
        return torch.stack([t(x[:, j]) for j, t in enumerate(self.tables)], dim=1)


class FactorizationMachine(nn.Module):
    def __init__(self, field_sizes, dim):
        super().__init__()
        self.offsets = torch.tensor([0] + list(np.cumsum(field_sizes)[:-1]))
        self.linear = nn.Embedding(sum(field_sizes), 1)
        self.bias = nn.Parameter(torch.zeros(1))
        self.embed = FieldEmbedding(field_sizes, dim)

    def forward(self, x):
        first = self.linear(x + self.offsets).sum(dim=1).squeeze(1)
        e = self.embed(x)
        second = 0.5 * (e.sum(1).pow(2) - e.pow(2).sum(1)).sum(1)
        return self.bias + first + second


def auc(score, y):
    order = torch.argsort(score)
    ranks = torch.empty(len(score))
    ranks[order] = torch.arange(1, len(score) + 1).float()
    pos = y == 1
    n1, n0 = pos.sum().item(), (~pos).sum().item()
    return ((ranks[pos].sum().item()) - n1 * (n1 + 1) / 2) / (n1 * n0)


class Trainer:
    def __init__(self, model, lr=0.01, batch_size=512):
        self.model, self.batch_size = model, batch_size
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.BCEWithLogitsLoss()

    def fit(self, x, y, xv, yv, epochs):
        for ep in range(epochs):
            self.model.train()
            total, nb = 0.0, 0
            for idx in torch.randperm(len(x)).split(self.batch_size):
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
                total, nb = total + loss.item(), nb + 1
            vloss, vauc = self.validate(xv, yv)
            if ep % 2 == 1:
                print(f"epoch {ep + 1:>2}: train logloss {total / nb:.4f}  valid logloss {vloss:.4f}  valid auc {vauc:.4f}")

    @torch.no_grad()
    def validate(self, x, y):
        self.model.eval()
        s = self.model(x)
        return self.criterion(s, y).item(), auc(s, y)


if __name__ == "__main__":
    torch.manual_seed(0)
    SIZES = [40, 60, 12, 5]
    xtr, ytr = simulate(24000, SIZES, 3, seed=1)
    xva, yva = simulate(6000, SIZES, 3, seed=2)
    print("click rate %.3f" % ytr.mean().item())
    fm = FactorizationMachine(SIZES, dim=8)
    Trainer(fm).fit(xtr, ytr, xva, yva, epochs=16)
