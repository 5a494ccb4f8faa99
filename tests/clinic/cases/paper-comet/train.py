"""
Binding-affinity style regression on small molecular graphs.

Message passing with dense adjacency; large effective batches through
gradient accumulation, robust loss, mean absolute error as the metric.
"""
import argparse
import json
import logging
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

logger = logging.getLogger("affinity")


def build_parser():
    p = argparse.ArgumentParser(description=__doc__)
    g = p.add_argument_group("data")
    g.add_argument("--graphs", type=int, default=480)
    g.add_argument("--valid", type=int, default=160)
    g.add_argument("--min-atoms", type=int, default=5)
    g.add_argument("--max-atoms", type=int, default=14)
    g = p.add_argument_group("model")
    g.add_argument("--hidden", type=int, default=32)
    g.add_argument("--rounds", type=int, default=3)
    g = p.add_argument_group("optimisation")
    g.add_argument("--epochs", type=int, default=40)
    g.add_argument("--micro-batch", type=int, default=32)
    g.add_argument("--effective-batch", type=int, default=512)
    g.add_argument("--lr", type=float, default=4e-3)
    g.add_argument("--max-norm", type=float, default=1.0)
    g.add_argument("--seed", type=int, default=5)
    return p


N_TYPES = 6


class MoleculeSet(Dataset):
    """Random trees with a few extra ring bonds; the label sums local motifs."""

    def __init__(self, count, lo, hi, seed):
        rng = np.random.default_rng(seed)
        charge = np.array([0.8, -0.6, 0.3, -0.1, 0.5, -0.9])
        self.items = []
        for _ in range(count):
            n = int(rng.integers(lo, hi + 1))
            kind = rng.integers(0, N_TYPES, size=n)
            adj = np.zeros((n, n), dtype=np.float32)
            for i in range(1, n):
                j = rng.integers(0, i)
                adj[i, j] = adj[j, i] = 1
            for _ in range(rng.integers(0, 3)):
                i, j = rng.choice(n, 2, replace=False)
                adj[i, j] = adj[j, i] = 1
            q = charge[kind]
            value = (q[:, None] * q[None] * adj).sum() / n + 0.7 * q.mean() + 0.05 * rng.standard_normal()
            self.items.append((kind, adj, value))
        self.shift, self.scale = 0.0, 1.0

    def statistics(self):
        values = np.array([v for *_, v in self.items])
        return values.mean(), values.std()

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        kind, adj, value = self.items[i]
        return kind, adj, (value - self.shift) / self.scale


def collate_graphs(items):
    n = max(len(k) for k, _, _ in items)
    kind = torch.zeros(len(items), n, dtype=torch.long)
    adj = torch.zeros(len(items), n, n)
    mask = torch.zeros(len(items), n)
    for b, (k, a, _) in enumerate(items):
        kind[b, :len(k)] = torch.as_tensor(k)
        adj[b, :len(k), :len(k)] = torch.as_tensor(a)
        mask[b, :len(k)] = 1
    return kind, adj, mask, torch.tensor([v for *_, v in items], dtype=torch.float32)


class Message(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.send = nn.Linear(dim, dim)
        self.cell = nn.GRUCell(dim, dim)

    def forward(self, h, adj):
        m = torch.bmm(adj, self.send(h))
        return self.cell(m.flatten(0, 1), h.flatten(0, 1)).view_as(h)


class GraphRegressor(nn.Module):
    def __init__(self, dim, rounds):
        super().__init__()
        self.embed = nn.Embedding(N_TYPES, dim)
        self.rounds = nn.ModuleList(Message(dim) for _ in range(rounds))
        self.readout = nn.Sequential(nn.Linear(2 * dim, dim), nn.SiLU(), nn.Linear(dim, 1))

    def forward(self, kind, adj, mask):
        h = h0 = self.embed(kind)
        for layer in self.rounds:
            h = layer(h, adj)
        z = torch.cat([h, h0], dim=-1) * mask.unsqueeze(-1)
        return self.readout(z.sum(1) / mask.sum(1, keepdim=True)).squeeze(-1)


class Engine:
    def __init__(self, args, model, train_loader, valid_loader, run_dir):
        self.args, self.model, self.run_dir = args, model, Path(run_dir)
        self.train_loader, self.valid_loader = train_loader, valid_loader
        self.accumulate = max(1, args.effective_batch // args.micro_batch)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
        self.log = []

    def set_lr(self, epoch):
        lr = self.args.lr * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * epoch / self.args.epochs)))
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def apply_gradients(self):
        nn.utils.clip_grad_norm_(self.model.parameters(), self.args.max_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def train_one_epoch(self):
        self.model.train()
        self.optimizer.zero_grad()
        total = 0.0
        for i, (kind, adj, mask, y) in enumerate(self.train_loader, start=1):
            loss = F.smooth_l1_loss(self.model(kind, adj, mask), y)
            (loss / self.accumulate).backward()
            total += loss.item()
            if i % self.accumulate == 0:
                self.apply_gradients()
        return total / i

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        pairs = [(self.model(k, a, m), y) for k, a, m, y in self.valid_loader]
        p, y = (torch.cat(t) for t in zip(*pairs))
        return (p - y).abs().mean().item(), 1 - ((p - y) ** 2).mean().item() / y.var().item()

    def run(self):
        best = math.inf
        for epoch in range(self.args.epochs):
            self.set_lr(epoch)
            loss = self.train_one_epoch()
            mae, r2 = self.evaluate()
            self.log.append({"epoch": epoch, "loss": loss, "mae": mae, "r2": r2})
            if mae < best:
                best = mae
                torch.save({"model": self.model.state_dict(), "epoch": epoch}, self.run_dir / "best.ckpt")
            if epoch % 5 == 4:
                logger.info("epoch %3d loss %.4f valid mae %.4f r2 %+.3f", epoch + 1, loss, mae, r2)
        (self.run_dir / "log.json").write_text(json.dumps(self.log))
        return best


def main():
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    torch.manual_seed(args.seed)
    train_set = MoleculeSet(args.graphs, args.min_atoms, args.max_atoms, args.seed)
    valid_set = MoleculeSet(args.valid, args.min_atoms, args.max_atoms, args.seed + 1)
    shift, scale = train_set.statistics()
    for part in (train_set, valid_set):
        part.shift, part.scale = shift, scale
    train_loader = DataLoader(train_set, args.micro_batch, shuffle=True, collate_fn=collate_graphs)
    valid_loader = DataLoader(valid_set, 80, collate_fn=collate_graphs)
    model = GraphRegressor(args.hidden, args.rounds)
    with tempfile.TemporaryDirectory() as run_dir:
        best = Engine(args, model, train_loader, valid_loader, run_dir).run()
    logger.info("best validation mae %.4f (standard scores)", best)


if __name__ == "__main__":
    main()
