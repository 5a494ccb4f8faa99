import sys
import pathlib
import torch
from torch import nn, optim

base = pathlib.Path(__file__).parent
FILE = base / "station.csv"


def load(path):
    header, *lines = path.read_text().splitlines()
    rows = [[float(v) for v in ln.split(";")] for ln in lines]
    t = torch.tensor(rows)
    return header.split(";"), t


names, t = load(FILE)
print(names, tuple(t.shape), file=sys.stderr)
x, y = t[:, :-1], t[:, -1:]

# robust scaling by the ordinary spread of each column
med = x.median(0).values
mad = (x - med).abs().median(0).values
x = (x - med) / (1.5 * mad)
y_c, y_s = y.median(), 1.5 * (y - y.median()).abs().median()
y = (y - y_c) / y_s

g = torch.Generator().manual_seed(12)
perm = torch.randperm(len(x), generator=g)
tr, te = perm[:2200], perm[2200:]

torch.manual_seed(12)
net = nn.Sequential()
net.add_module("fc1", nn.Linear(x.shape[1], 48))
net.add_module("relu1", nn.ReLU())
net.add_module("fc2", nn.Linear(48, 48))
net.add_module("relu2", nn.ReLU())
net.add_module("fc3", nn.Linear(48, 1))
opt = optim.RMSprop(net.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()

for epoch in range(20):
    order = tr[torch.randperm(len(tr), generator=g)]
    total = 0.0
    for b in order.split(44):
        opt.zero_grad()
        loss = loss_fn(net(x[b]), y[b])
        loss.backward()
        opt.step()
        total += loss.item() * len(b)
    print(f"epoch={epoch} train_mse={total / len(tr):.4f}")

with torch.no_grad():
    ok = te[(y[te, 0].abs() < 50) & (x[te].abs().max(1).values < 50)]
    err = (net(x[ok]) - y[ok]).abs() * y_s
print(f"test MAE on the usual days: {err.mean():.2f} degrees (spread {y[ok].std() * y_s:.2f})")
