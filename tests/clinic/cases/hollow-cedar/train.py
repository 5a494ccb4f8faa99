"""Rank hotel offers inside one search: smooth NDCG on lists of 12."""
import numpy as np
import torch
import torch.nn as nn

LIST, FEATS = 12, 16


def queries(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, LIST, FEATS)).astype("float32")
    w = np.random.default_rng(7).normal(size=(FEATS,))
    util = x @ w * 0.5 + 1.2 * np.sin(x[..., 0] * 2) * x[..., 1] + 0.3 * rng.gumbel(size=(n, LIST))
    order = (-util).argsort(1).argsort(1)
    rel = np.select([order == 0, order < 3, order < 6], [3.0, 2.0, 1.0], 0.0)
    return torch.from_numpy(x), torch.tensor(rel, dtype=torch.float32)


def dcg(rel, rank):
    return ((2.0 ** rel - 1) / torch.log2(1 + rank)).sum(-1)


def ideal(rel):
    best = rel.sort(-1, descending=True).values
    return dcg(best, torch.arange(1.0, LIST + 1))


class SmoothNDCG(nn.Module):
    """rank_i = 1 + sum_j sigmoid((s_j - s_i) / tau)"""

    def __init__(self, tau=0.5):
        super().__init__()
        self.tau = tau

    def forward(self, scores, rel):
        diff = scores.unsqueeze(-2) - scores.unsqueeze(-1)
        rank = 0.5 + torch.sigmoid(diff / self.tau).sum(-1)
        return (dcg(rel, rank) / ideal(rel)).mean()


class Scorer(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(FEATS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, x):
        return super().forward(x).squeeze(-1)


@torch.no_grad()
def evaluate(model, x, rel):
    rank = model(x).argsort(-1, descending=True).argsort(-1) + 1.0
    return (dcg(rel, rank) / ideal(rel)).mean().item(), (rank[rel == 3] == 1).float().mean().item()


def train():
    torch.manual_seed(1)
    x, rel = queries(2400, 1)
    vx, vrel = queries(400, 2)
    model, criterion = Scorer(), SmoothNDCG()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=450)
    step = 0
    for epoch in range(9):
        seen = []
        for rows in torch.randperm(len(x)).split(48):
            loss = criterion(model(x[rows]), rel[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            seen.append(loss.item())
            step += 1
        ndcg, top = evaluate(model, vx, vrel)
        print(f"epoch {epoch} | step {step} | loss {np.mean(seen):.4f} | val ndcg {ndcg:.4f} top-1 {top:.3f}")
    return model


if __name__ == "__main__":
    train()
