import csv
import os

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

here = os.path.dirname(os.path.abspath(__file__))

LABEL = "charged_off"
CATEGORICAL = {"region": "NSEW"}
LOGGED = {"income", "amount"}


def parse(path):
    """Every column but the label becomes a feature; text columns are one-hot."""
    with open(path, newline="") as fh:
        rows = list(csv.DictReader(fh))
    names = [c for c in rows[0] if c != LABEL]
    feats = []
    for c in names:
        if c in CATEGORICAL:
            for level in CATEGORICAL[c]:
                feats.append([float(r[c] == level) for r in rows])
        else:
            v = np.array([float(r[c]) for r in rows])
            feats.append(np.log(v) if c in LOGGED else v)
    X = np.array(feats, dtype=np.float32).T
    y = np.array([float(r[LABEL]) for r in rows], dtype=np.float32)
    return X, y


def auc(score, label):
    order = np.argsort(score)
    rank = np.empty(len(score))
    rank[order] = np.arange(1, len(score) + 1)
    pos = label == 1
    n1, n0 = pos.sum(), (~pos).sum()
    return (rank[pos].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)


class Scorecard(nn.Module):
    def __init__(self, n_in, width=32, drop=0.1):
        super().__init__()
        self.fc1 = nn.Linear(n_in, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, 1)
        self.drop = nn.Dropout(drop)

    def forward(self, x):
        x = self.drop(torch.relu(self.fc1(x)))
        x = self.drop(torch.relu(self.fc2(x)))
        return self.fc3(x).squeeze(-1)


def main():
    torch.manual_seed(0)
    Xa, ya = parse(os.path.join(here, "loans_2021.csv"))
    Xb, yb = parse(os.path.join(here, "loans_2022.csv"))
    mu, sd = Xa.mean(0), Xa.std(0) + 1e-6
    Xa, Xb = torch.from_numpy((Xa - mu) / sd), torch.from_numpy((Xb - mu) / sd)
    loader = DataLoader(TensorDataset(Xa, torch.from_numpy(ya)), batch_size=64, shuffle=True)

    net = Scorecard(Xa.shape[1])
    opt = optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
    bce = nn.BCEWithLogitsLoss()
    print("2021: %d loans (%.2f charged off), 2022: %d loans (%.2f)" % (len(ya), ya.mean(), len(yb), yb.mean()))
    for epoch in range(1, 21):
        net.train()
        tot = 0.0
        for xb, t in loader:
            opt.zero_grad()
            loss = bce(net(xb), t)
            loss.backward()
            opt.step()
            tot += loss.item() * len(xb)
        if epoch % 4 == 0:
            net.eval()
            with torch.no_grad():
                s, sa = net(Xb).numpy(), net(Xa).numpy()
            print("epoch %2d  loss %.3f | 2021 acc %.3f auc %.3f | 2022 acc %.3f auc %.3f" % (
                epoch, tot / len(ya), ((sa > 0) == (ya > 0)).mean(), auc(sa, ya),
                ((s > 0) == (yb > 0)).mean(), auc(s, yb)))


if __name__ == "__main__":
    main()
