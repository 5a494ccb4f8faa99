# rents from listing exports; all numbers in the file are integers in the export's own units
import json
import os

import numpy as np
import torch
from torch import nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
with open("params.json") as fh:
    P = json.load(fh)
torch.manual_seed(P["seed"])

# %% data
table = np.loadtxt("listings.txt", skiprows=1, dtype=np.float64)
season = (table[:, 0] - table[:, 0].min()) / (365 * 86400) * 2 * np.pi
inputs = np.column_stack([
    np.sin(season), np.cos(season),
    np.log(table[:, 1]), table[:, 2], table[:, 3], table[:, 4], table[:, 5],
])
target = np.log(table[:, 6])

perm = np.random.default_rng(P["seed"]).permutation(len(table))
test, train = perm[:300], perm[300:]
in_mean, in_std = inputs[train].mean(0), inputs[train].std(0)
out_mean, out_std = target[train].mean(), target[train].std()
X = torch.tensor((inputs - in_mean) / in_std, dtype=torch.float32)
Y = torch.tensor((target - out_mean) / out_std, dtype=torch.float32)[:, None]
print("rows", len(train), len(test), "inputs", X.shape[1])

# %% model
net = nn.Sequential(
    nn.Linear(X.shape[1], P["units"]), nn.Tanh(),
    nn.Linear(P["units"], P["units"]), nn.Tanh(),
    nn.Linear(P["units"], 1),
)
opt = torch.optim.SGD(net.parameters(), lr=P["lr"], momentum=P["momentum"], nesterov=True)
criterion = nn.MSELoss(reduction=P["reduction"])


def r_squared(rows):
    with torch.no_grad():
        res = ((net(X[rows]) - Y[rows]) ** 2).sum()
    return 1 - (res / ((Y[rows] - Y[rows].mean()) ** 2).sum()).item()


# %% training
history = []
for epoch in range(P["epochs"]):
    order = np.random.default_rng(epoch).permutation(train)
    epoch_loss = 0.0
    for i in range(0, len(order), P["batch"]):
        rows = order[i:i + P["batch"]]
        loss = criterion(net(X[rows]), Y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
        epoch_loss += loss.item()
    history.append(epoch_loss)
    if epoch % 8 == 7:
        print(f"epoch {epoch + 1:2d}  summed loss {epoch_loss:8.2f}  train R2 {r_squared(train):.3f}  test R2 {r_squared(test):.3f}")

# %% typical error in euro
with torch.no_grad():
    rent = np.exp(net(X[test]).squeeze(1).numpy() * out_std + out_mean) / 100
print("median relative error %.3f" % np.median(np.abs(rent / (table[test, 6] / 100) - 1)))
