"""Tumour subtype from expression profiles; sparse first layer wanted."""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CFG = json.loads((Path(__file__).resolve().parent / "config.json").read_text())


def make_cohort(n, rng, signatures):
    subtype = rng.integers(0, CFG["n_subtypes"], n)
    expr = rng.normal(0, 1, (n, CFG["n_genes"]))
    expr += signatures[subtype]
    expr += 0.5 * rng.normal(0, 1, (n, 1))
    return torch.tensor(expr, dtype=torch.float32), torch.tensor(subtype)


class SubtypeNet(nn.Module):
    def __init__(self, n_genes, hidden, n_out):
        super().__init__()
        self.fc1 = nn.Linear(n_genes, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, n_out)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class Trainer:
    def __init__(self, model):
        self.model = model
        self.ce = nn.CrossEntropyLoss()
        self.opt = torch.optim.Adam(model.parameters(), lr=CFG["lr"])

    def penalty(self):
        return sum(p.abs().sum() for name, p in self.model.named_parameters() if name.endswith("weight"))

    def train_epoch(self, loader):
        self.model.train()
        tot = fit = 0.0
        for x, y in loader:
            self.opt.zero_grad()
            ce = self.ce(self.model(x), y)
            loss = ce + CFG["l1_lambda"] * self.penalty()
            loss.backward()
            self.opt.step()
            tot += loss.item()
            fit += ce.item()
        return tot / len(loader), fit / len(loader)

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(CFG["seed"])
    rng = np.random.default_rng(CFG["seed"])
    signatures = np.zeros((CFG["n_subtypes"], CFG["n_genes"]))
    for s in range(CFG["n_subtypes"]):
        genes = rng.choice(CFG["n_genes"], 40, replace=False)
        signatures[s, genes] = rng.choice([-1, 1], 40) * 0.9
    x_tr, y_tr = make_cohort(1200, rng, signatures)
    x_te, y_te = make_cohort(400, rng, signatures)
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=CFG["batch_size"], shuffle=True)

    trainer = Trainer(SubtypeNet(CFG["n_genes"], CFG["hidden"], CFG["n_subtypes"]))
    for epoch in range(CFG["epochs"]):
        total, ce = trainer.train_epoch(loader)
        print(f"epoch {epoch:2d}  total {total:.4f}  ce {ce:.4f}  test acc {trainer.accuracy(x_te, y_te):.3f}")


if __name__ == "__main__":
    main()
