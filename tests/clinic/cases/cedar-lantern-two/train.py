import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(0)
np.random.seed(0)

n = 3000
hour = np.random.randint(0, 24, n)
temp = np.random.normal(15, 8, n)
hum = np.random.uniform(20, 100, n)
workday = np.random.randint(0, 2, n)
rentals = (120 + 80 * np.sin((hour - 9) / 24 * 2 * np.pi) + 4 * temp - 0.6 * hum
           + 35 * workday * np.cos(hour / 12 * 2 * np.pi) + np.random.normal(0, 8, n))

X = np.stack([np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi), temp, hum, workday], 1)
X = (X - X.mean(0)) / X.std(0)
y = (rentals - rentals.mean()) / rentals.std()

X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
train_loader = DataLoader(TensorDataset(X[:2400], y[:2400]), batch_size=32, shuffle=True)
X_test, y_test = X[2400:], y[2400:]


class BikeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(5, 64)
        self.fc2 = nn.Linear(64, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.out(x)


model = BikeNet()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(15):
    running = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        pred = model(xb)
        loss = criterion(pred, yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1}: train loss {running / len(train_loader):.4f}")

with torch.no_grad():
    p = model(X_test).flatten()
    r2 = 1 - ((p - y_test) ** 2).mean() / y_test.var()
print(f"test R2 {r2.item():.3f}  pred std {p.std().item():.3f}")
