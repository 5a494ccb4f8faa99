"""Board game ratings by latent factors (sparse embeddings + SparseAdam)."""
import argparse
import os

import numpy as np
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


class Factors(nn.Module):
    def __init__(self, n_users, n_games, k, mean):
        super().__init__()
        self.user = nn.Embedding(n_users, k, sparse=True)
        self.game = nn.Embedding(n_games, k, sparse=True)
        self.user_bias = nn.Embedding(n_users, 1, sparse=True)
        self.game_bias = nn.Embedding(n_games, 1, sparse=True)
        self.mean = mean
        self.reset_parameters()

    def reset_parameters(self):
        k = self.user.embedding_dim
        nn.init.constant_(self.user.weight, 1.0 / k)
        nn.init.constant_(self.game.weight, 1.0 / k)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.game_bias.weight)

    def forward(self, u, g):
        dot = (self.user(u) * self.game(g)).sum(-1)
        return self.mean + dot + self.user_bias(u).squeeze(-1) + self.game_bias(g).squeeze(-1)


def batches(table, size, rng):
    order = rng.permutation(len(table))
    for i in range(0, len(order), size):
        rows = table[order[i:i + size]]
        yield (torch.from_numpy(rows[:, 0].astype(np.int64)),
               torch.from_numpy(rows[:, 1].astype(np.int64)),
               torch.from_numpy(rows[:, 2].astype(np.float32)) / 10)


def rmse(model, table):
    with torch.no_grad():
        u, g, r = next(batches(table, len(table), np.random.default_rng(0)))
        return (model(u, g) - r).pow(2).mean().sqrt().item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--ratings", default=os.path.join(HERE, "ratings.npy"))
    ap.add_argument("--factors", type=int, default=12)
    ap.add_argument("--epochs", type=int, default=20)
    ap.add_argument("--batch", type=int, default=512)
    ap.add_argument("--lr", type=float, default=0.02)
    opts = ap.parse_args()

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    table = np.load(opts.ratings)
    table = table[rng.permutation(len(table))]
    held = len(table) // 10
    test, train = table[:held], table[held:]
    mean = float(train[:, 2].mean()) / 10
    print(f"{len(train)} ratings, mean {mean:.2f}, std {train[:, 2].std() / 10:.2f}")

    model = Factors(table[:, 0].max() + 1, table[:, 1].max() + 1, opts.factors, mean)
    optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=opts.lr)
    for epoch in range(1, opts.epochs + 1):
        seen = []
        for u, g, r in batches(train, opts.batch, rng):
            loss = nn.functional.mse_loss(model(u, g), r)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        if epoch % 2 == 0:
            print(f"epoch {epoch:2d}  train rmse {np.sqrt(np.mean(seen)):.3f}  held-out rmse {rmse(model, test):.3f}")
