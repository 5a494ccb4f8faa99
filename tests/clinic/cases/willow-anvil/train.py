import json
from pathlib import Path
import numpy as np
import torch
import torch.nn as nn

d = Path(__file__).parent / "data"
meta = json.load(open(d / "meta.json"))
x = np.load(d / "block.npy").reshape(meta["samples"], meta["channels"])
y = np.load(d / "yield.npy").reshape(-1, 1)

cut = 1600
x_train, y_train = x[:cut], y[:cut]
x_test, y_test = torch.from_numpy(x[cut:]), torch.from_numpy(y[cut:])

torch.manual_seed(42)
np.random.seed(42)
net = nn.Sequential(
    nn.Linear(meta["channels"], 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 1),
)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)

bs = 50
for epoch in range(11):
    order = np.random.permutation(cut)
    losses = []
    for start in range(0, cut, bs):
        take = order[start:start + bs]
        xb = torch.from_numpy(x_train[take])
        yb = torch.from_numpy(y_train[take])
        optimizer.zero_grad()
        out = net(xb)
        loss = criterion(out, yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        test = criterion(net(x_test), y_test).item()
    print("epoch", epoch, "train", np.round(np.mean(losses), 4), "test", np.round(test, 4))
