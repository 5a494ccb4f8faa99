import io

import numpy as np
import torch
import torch.nn as nn


def fake_csv(n=900, seed=12):
    r = np.random.default_rng(seed)
    glu = r.normal(120, 30, n)
    bmi = r.normal(31, 6, n)
    age = r.integers(21, 70, n)
    ped = r.gamma(2.0, 0.25, n)
    z = 0.06 * (glu - 120) + 0.15 * (bmi - 31) + 0.05 * (age - 45) + 1.2 * (ped - 0.5)
    cls = 1 + (z + 0.4 * r.normal(size=n) > 0)
    lines = ["glu,bmi,age,ped,class"]
    lines += [f"{a:.1f},{b:.1f},{c},{d:.3f},{k}" for a, b, c, d, k in zip(glu, bmi, age, ped, cls)]
    return io.StringIO("\n".join(lines))


table = np.loadtxt(fake_csv(), delimiter=",", skiprows=1, dtype=np.float32)
X, y = table[:, :-1], table[:, -1]
X = (X - X.mean(0)) / X.std(0)
X_train, y_train, X_test, y_test = X[:700], y[:700], X[700:], y[700:]
values = np.unique(y)

torch.manual_seed(2)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))
loss_function = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

xt = torch.tensor(X_train)
yt = torch.tensor(y_train).view(-1, 1)
xv = torch.tensor(X_test)

for epoch in range(30):
    perm = torch.randperm(len(xt))
    epoch_loss = 0
    for i in range(0, len(xt), 20):
        b = perm[i:i + 20]
        optimizer.zero_grad()
        loss = loss_function(model(xt[b]), yt[b])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    if (epoch + 1) % 5 == 0:
        with torch.no_grad():
            prob = torch.sigmoid(model(xv)).numpy().ravel()
        pred = np.where(prob > 0.5, values[1], values[0])
        acc = np.mean([(pred[y_test == v] == v).mean() for v in values])
        print("epoch", epoch + 1, "loss %.4f" % (epoch_loss / 35), "balanced accuracy %.3f" % acc)
