import csv
import json

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

spec = json.load(open("columns.json"))


def table(path):
    with open(path, newline="") as f:
        records = list(csv.DictReader(f))
    x = torch.tensor([[float(r[c]) for c in spec["features"]] for r in records])
    y = torch.tensor([float(r[spec["target"]]) for r in records])
    return x, y


class Scorer(nn.Module):
    def __init__(self, n_in, mean, std):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.body = nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 32), nn.ReLU())
        self.score = nn.Linear(32, 1)

    def forward(self, x):
        return self.score(self.body((x - self.mean) / self.std)).squeeze(1)


def report(model, x, y):
    model.eval()
    with torch.no_grad():
        logit = model(x)
        loss = nn.functional.binary_cross_entropy_with_logits(logit, y).item()
        guess = (logit > 0).float()
    model.train()
    recall = ((guess == 1) & (y == 1)).sum().item() / max(1, int(y.sum()))
    return loss, (guess == y).float().mean().item(), recall


torch.manual_seed(2)
x, y = table("closed_loans.csv")
new_x, new_y = table("new_loans.csv")
perm = torch.randperm(len(x))
train_i, dev_i = perm[400:], perm[:400]

model = Scorer(x.shape[1], x[train_i].mean(0), x[train_i].std(0))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.BCEWithLogitsLoss()
loader = DataLoader(TensorDataset(x[train_i], y[train_i]), batch_size=64, shuffle=True)

print("features:", ", ".join(spec["features"]))
print(f"default rate closed {y.mean():.3f} new {new_y.mean():.3f}")
for epoch in range(1, 17):
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
    if epoch % 2 == 0:
        dl, da, dr = report(model, x[dev_i], y[dev_i])
        nl, na, nr = report(model, new_x, new_y)
        print(f"epoch {epoch:2d} loss {loss.item():.3f} | dev loss {dl:.3f} acc {da:.3f} recall {dr:.3f}"
              f" | new loans loss {nl:.3f} acc {na:.3f} recall {nr:.3f}")

torch.save(model.state_dict(), "scorer.pt")
