# Click model: hashed sparse fields and a dense tower.
import csv
import itertools
import numpy as np
import torch
import torch.nn as nn

FIELDS, BUCKETS, DENSE = 4, 200, 6


def read(path):
    with open(path) as fh:
        rows = list(csv.reader(fh))[1:]
    a = np.array(rows, dtype=np.float32)
    ids = torch.tensor(a[:, :FIELDS]).long() + torch.arange(FIELDS) * BUCKETS
    return ids, torch.tensor(a[:, FIELDS:FIELDS + DENSE]), torch.tensor(a[:, -1])


class ClickNet(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.table = nn.Embedding(FIELDS * BUCKETS, dim, sparse=True)
        nn.init.normal_(self.table.weight, std=0.1)
        self.tower = nn.Sequential(
            nn.Linear(FIELDS * dim + DENSE, 64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1))

    def forward(self, ids, dense):
        e = self.table(ids).flatten(1)
        return self.tower(torch.cat([e, dense], 1)).squeeze(1)


def auc(score, y):
    order = score.argsort().argsort().float() + 1
    pos = y.sum()
    neg = len(y) - pos
    return ((order[y == 1].sum() - pos * (pos + 1) / 2) / (pos * neg)).item()


def batches(data, size):
    while True:
        for rows in torch.randperm(len(data[0])).split(size):
            yield [d[rows] for d in data]


torch.manual_seed(0)
train, held = read("clicks_train.csv"), read("clicks_held.csv")
model = ClickNet()
bce = nn.BCEWithLogitsLoss()
opts = {
    "sparse": torch.optim.SparseAdam(model.table.parameters(), lr=4e-3),
    "dense": torch.optim.SGD(model.tower.parameters(), lr=0.1),
}
warm = torch.optim.lr_scheduler.LambdaLR(opts["dense"], lambda s: min(1.0, (s + 1) / 20))

window = []
for step, (ids, dense, y) in enumerate(itertools.islice(batches(train, 64), 500), 1):
    loss = bce(model(ids, dense), y)
    opts["sparse"].zero_grad()
    loss.backward()
    for o in opts.values():
        o.step()
    warm.step()
    window.append(loss.item())
    if step % 50 == 0:
        with torch.no_grad():
            s = model(held[0], held[1])
        print(f"step {step} | bce {np.mean(window):.4f} | held bce {bce(s, held[2]).item():.4f} auc {auc(s, held[2]):.4f}")
        window.clear()
