"""Bearing condition from vibration snippets, inception style 1d conv net."""
import time
import torch
from torch import nn, optim

torch.manual_seed(2024)

LR = 0.1
MOMENTUM = 0.9
BATCH = 32
EPOCHS = 7
N_CLASSES = 5


def vibration(n, length=128):
    t = torch.arange(length) / length
    labels = torch.randint(0, N_CLASSES, (n,))
    x = 0.5 * torch.randn(n, length)
    shaft = torch.rand(n, 1) * 6.28
    x += 0.6 * torch.sin(2 * 3.1416 * 4 * t + shaft)
    period = torch.tensor([0, 11, 17, 23, 31])[labels]
    offset = torch.rand(n)
    for i in range(n):
        p = int(period[i])
        if p:
            first = int(offset[i] * p)
            x[i, first::p] += 2.2
            x[i, first + 1::p] -= 1.4
    return x.unsqueeze(1), labels


class InceptionModule(nn.Module):
    def __init__(self, c_in, c):
        super().__init__()
        self.b1 = nn.Conv1d(c_in, c, 1)
        self.b3 = nn.Sequential(nn.Conv1d(c_in, c, 1), nn.ReLU(), nn.Conv1d(c, c, 3, padding=1))
        self.b9 = nn.Sequential(nn.Conv1d(c_in, c, 1), nn.ReLU(), nn.Conv1d(c, c, 9, padding=4))
        self.bp = nn.Sequential(nn.MaxPool1d(3, 1, 1), nn.Conv1d(c_in, c, 1))
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(torch.cat([self.b1(x), self.b3(x), self.b9(x), self.bp(x)], 1))


class BearingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(1, 12, 7, padding=3), nn.ReLU())
        self.inc1 = InceptionModule(12, 8)
        self.inc2 = InceptionModule(32, 8)
        self.pool = nn.MaxPool1d(2)
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(32 * 32, 64), nn.ReLU(), nn.Linear(64, N_CLASSES))

    def forward(self, x):
        x = self.pool(self.inc1(self.stem(x)))
        x = self.pool(self.inc2(x))
        return self.fc(x)


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


x_train, y_train = vibration(1600)
x_valid, y_valid = vibration(400)

net = BearingNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM)

t0 = time.time()
for epoch in range(EPOCHS):
    net.train()
    idx = torch.randperm(len(x_train))
    total = 0.0
    for b in range(0, len(idx), BATCH):
        sel = idx[b:b + BATCH]
        optimizer.zero_grad()
        loss = criterion(net(x_train[sel]), y_train[sel])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(sel)
    print(f"{epoch}: loss={total / len(x_train):.4f} valid_acc={accuracy(net, x_valid, y_valid):.3f} "
          f"({time.time() - t0:.0f}s)")
