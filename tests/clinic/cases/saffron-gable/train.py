import csv
from pathlib import Path
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SRC = Path(__file__).parent / "data"


def table(name):
    with open(SRC / name) as f:
        r = csv.reader(f)
        next(r)
        t = torch.tensor([[float(v) for v in row] for row in r])
    return TensorDataset(t[:, :-1], t[:, -1])


class ScoreModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(14, 48)
        self.hidden2 = nn.Linear(48, 24)
        self.score = nn.Linear(24, 1)

    def forward(self, x):
        x = nn.functional.elu(self.hidden1(x))
        x = nn.functional.elu(self.hidden2(x))
        return self.score(x)[:, 0]


def fit(model, train, valid, epochs=12):
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    lossf = nn.BCEWithLogitsLoss()
    for e in range(epochs):
        tl = ta = n = 0
        for x, y in DataLoader(train, 50, shuffle=True):
            z = model(x)
            loss = lossf(z, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tl += loss.item() * len(y)
            ta += ((z > 0) == (y > 0.5)).sum().item()
            n += len(y)
        with torch.no_grad():
            xv, yv = valid.tensors
            zv = model(xv)
            vl = lossf(zv, yv).item()
            va = ((zv > 0) == (yv > 0.5)).float().mean().item()
        print(f"{e + 1:3d}/{epochs} train {tl / n:.3f}/{ta / n:.3f} valid {vl:.3f}/{va:.3f}")


torch.manual_seed(20)
fit(ScoreModel(), table("train.csv"), table("valid.csv"))
