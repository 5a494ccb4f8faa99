import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(9)
rng = np.random.default_rng(9)

# card transactions: amount, hour, distance from home, merchant risk, device age, n tx today
n = 6000
X = rng.normal(size=(n, 6)).astype(np.float32)
risky = (X[:, 0] > 0.3) & (X[:, 3] > 0.6)
p_fraud = np.where(risky, 0.25, 0.001)
y = (rng.random(n) < p_fraud).astype(np.float32)

split = 4500
train_set = TensorDataset(torch.from_numpy(X[:split]), torch.from_numpy(y[:split]))
Xv, yv = torch.from_numpy(X[split:]), torch.from_numpy(y[split:])
loader = DataLoader(train_set, batch_size=128, shuffle=True)

model = nn.Sequential(
    nn.Linear(6, 32), nn.ReLU(),
    nn.Linear(32, 16), nn.ReLU(),
    nn.Linear(16, 1),
)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

def evaluate():
    with torch.no_grad():
        pred = (torch.sigmoid(model(Xv).squeeze(1)) > 0.5).float()
    acc = (pred == yv).float().mean().item()
    recall = pred[yv == 1].mean().item()
    spec = 1 - pred[yv == 0].mean().item()
    return acc, recall, (recall + spec) / 2

for epoch in range(1, 16):
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(1), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 3 == 0:
        print("epoch %d loss %.4f acc %.3f recall %.3f" % (epoch, total / len(loader), *evaluate()[:2]))

acc, recall, bal = evaluate()
print("final: accuracy %.3f, recall of fraud %.3f, balanced accuracy %.3f" % (acc, recall, bal))
