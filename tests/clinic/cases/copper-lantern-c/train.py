import csv
import random

import torch
from torch import nn

torch.manual_seed(0)
random.seed(0)

GRADES = ["potable", "treat", "reject"]

with open("samples.csv") as f:
    reader = csv.DictReader(f)
    columns = [c for c in reader.fieldnames if c != "id"]
    rows = [[float(r[c]) for c in columns] for r in reader]
with open("grades.txt") as f:
    grades = [GRADES.index(line.strip()) for line in f if line.strip()]
assert len(rows) == len(grades)

X = torch.tensor(rows)
y = torch.tensor(grades)
order = list(range(len(X)))
random.shuffle(order)
cut = int(0.8 * len(order))
tr, te = order[:cut], order[cut:]

mu, sd = X[tr].mean(0), X[tr].std(0)
X = (X - mu) / sd
print("rows", len(X), "features", columns)
print("grade counts", {g: int((y == i).sum()) for i, g in enumerate(GRADES)})

net = nn.Sequential(
    nn.Linear(len(columns), 48),
    nn.ReLU(),
    nn.Linear(48, 24),
    nn.ReLU(),
    nn.Linear(24, len(GRADES)),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

step = 0
for epoch in range(21):
    random.shuffle(tr)
    total = 0.0
    for k in range(0, len(tr), 50):
        idx = tr[k:k + 50]
        optimizer.zero_grad()
        loss = criterion(net(X[idx]), y[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
        step += 1
    if epoch % 3 == 2:
        with torch.no_grad():
            out = net(X[te])
            acc = (out.argmax(1) == y[te]).float().mean().item()
            val = criterion(out, y[te]).item()
        print(f"epoch {epoch + 1} step {step} train {total / len(tr):.4f} test {val:.4f} acc {acc:.3f}")
