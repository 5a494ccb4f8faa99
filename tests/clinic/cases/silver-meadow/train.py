import math
import numpy as np
import torch
import torch.nn as nn

np.random.seed(1)
torch.manual_seed(1)

HOURS = 24 * 7 * 20
LOOKBACK = 24


def grid_load(n_hours):
    """Hourly national load in MW, with daily and weekly shape."""
    h = np.arange(n_hours)
    daily = 5200 * np.sin(2 * math.pi * (h % 24 - 7) / 24) + 1900 * np.sin(4 * math.pi * (h % 24) / 24)
    weekend = np.where((h // 24) % 7 >= 5, -3800.0, 0.0)
    drift = np.zeros(n_hours)
    for i in range(1, n_hours):
        drift[i] = 0.97 * drift[i - 1] + np.random.normal(0, 300)
    return 34000 + daily + weekend + drift


load = grid_load(HOURS)
hour = np.arange(HOURS) % 24
cut = int(HOURS * 0.8)
mu, sd = load[:cut].mean(), load[:cut].std()
series = np.stack([(load - mu) / sd, np.sin(2 * math.pi * hour / 24), np.cos(2 * math.pi * hour / 24)], axis=1)

X = np.stack([series[i:i + LOOKBACK] for i in range(HOURS - LOOKBACK)])
Y = load[LOOKBACK:]
X = torch.tensor(X, dtype=torch.float32)
Y = torch.tensor(Y, dtype=torch.float32).unsqueeze(1)
x_train, y_train = X[:cut - LOOKBACK], Y[:cut - LOOKBACK]
x_test, y_test = X[cut - LOOKBACK:], Y[cut - LOOKBACK:]


class LoadGRU(nn.Module):
    def __init__(self, n_in=3, hidden=32):
        super().__init__()
        self.gru = nn.GRU(n_in, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out[:, -1])


model = LoadGRU()
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

BATCH = 64
for epoch in range(1, 10):
    perm = torch.randperm(len(x_train))
    total = 0
    for b in range(0, len(perm), BATCH):
        sel = perm[b:b + BATCH]
        pred = model(x_train[sel])
        loss = loss_fn(pred, y_train[sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(sel)
    with torch.no_grad():
        test = loss_fn(model(x_test), y_test).item()
    print("epoch", epoch, "train", round(total / len(perm), 4), "test", round(test, 4),
          "test/variance", round(test / y_test.var().item(), 4))
