import csv
import os

import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)


def read_table(path):
    with open(path) as f:
        rows = list(csv.reader(f))
    header, rows = rows[0], rows[1:]
    X = torch.tensor([[float(v) for v in r[:-1]] for r in rows])
    y = torch.tensor([int(r[-1]) for r in rows])
    return header, X, y


header, X, y = read_table(os.path.join(HERE, "soil.csv"))
perm = torch.randperm(len(X))
X, y = X[perm], y[perm]
n_train = int(0.8 * len(X))
mean, std = X[:n_train].mean(0), X[:n_train].std(0)
X = (X - mean) / std
X_train, y_train, X_val, y_val = X[:n_train], y[:n_train], X[n_train:], y[n_train:]
print("columns:", header, "train rows:", n_train)


class SoilNet(nn.Module):
    def __init__(self, n_in, n_out, hidden=(64, 32)):
        super().__init__()
        self.fc1 = nn.Linear(n_in, hidden[0])
        self.fc2 = nn.Linear(hidden[0], hidden[1])
        self.fc3 = nn.Linear(hidden[1], n_out)
        self.act = nn.Tanh()

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.fc3(x)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.05)
        nn.init.constant_(m.bias, 0.01)


net = SoilNet(X.shape[1], int(y.max()) + 1)
net.apply(weights_init)

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.5)

for epoch in range(60):
    net.train()
    perm = torch.randperm(n_train)
    epoch_loss = 0.0
    for k in range(0, n_train, 64):
        idx = perm[k:k + 64]
        optimizer.zero_grad()
        loss = criterion(net(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(idx)
    scheduler.step()
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            acc = (net(X_val).argmax(1) == y_val).float().mean().item()
            print("[%3d] train loss %.4f   val acc %.4f" % (epoch + 1, epoch_loss / n_train, acc))

