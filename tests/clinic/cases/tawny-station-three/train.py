import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(31)
torch.manual_seed(31)

# hourly air quality from three stations, put together by timestamp
T = 2600
t = np.arange(T)
no2 = 40 + 15 * np.sin(t / 24 * 2 * np.pi) + 3 * np.random.randn(T)
o3 = 60 - 0.6 * no2 + 10 * np.sin(t / 24 * 2 * np.pi + 1) + 3 * np.random.randn(T)
wind = np.abs(3 + 2 * np.sin(t / 60) + np.random.randn(T))
station_c = 0.8 * no2 + 5 * np.random.randn(T)
gaps = np.random.choice(T, 12, replace=False)
station_c[gaps] = np.nan

table = np.stack([no2, o3, wind, station_c], axis=1)
table = (table - np.nanmean(table, axis=0)) / np.nanstd(table, axis=0)

window = 12
X = np.stack([table[i:i + window] for i in range(T - window)])
y = table[window:, 0]
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)

train_loader = DataLoader(TensorDataset(X[:2000], y[:2000]), batch_size=64, shuffle=True)
X_test, y_test = X[2000:], y[2000:]


class GRUForecaster(nn.Module):
    def __init__(self, n_features=4, hidden=32):
        super().__init__()
        self.gru = nn.GRU(n_features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.head(out[:, -1])


model = GRUForecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()

for epoch in range(6):
    total = 0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    print("epoch", epoch, "loss", round(total / len(train_loader), 4))

with torch.no_grad():
    err = criterion(model(X_test), y_test).item()
print(f"test mse {err:.4f} (variance {y_test.var().item():.4f})")
