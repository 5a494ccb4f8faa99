import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Stations(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(n, 3))
        load = np.array([[1.0, 0, 0], [0.9, 0.1, 0], [0, 1.0, 0], [0, 0.9, 0.2],
                         [0, 0, 1.0], [0.1, 0, 0.9], [0.5, 0.5, 0], [0, 0.5, 0.5]])
        x = z @ load.T + 0.1 * rng.normal(size=(n, 8))
        y = np.stack([np.sin(1.5 * z[:, 0]) + 0.5 * z[:, 1], z[:, 1] * z[:, 2]], 1)
        y = y + 0.05 * rng.normal(size=y.shape)
        self.full = torch.tensor(y, dtype=torch.float32)
        x[rng.random(x.shape) < 0.15] = np.nan
        y = y.copy()
        y[rng.random(y.shape) < 0.3] = np.nan
        self.x = torch.tensor(x, dtype=torch.float32)
        self.y = torch.tensor(y, dtype=torch.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fill = nn.Parameter(torch.zeros(8))
        self.body = nn.Sequential(nn.Linear(16, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 2))

    def forward(self, x):
        gone = torch.isnan(x)
        x = torch.where(gone, self.fill.expand_as(x), x)
        return self.body(torch.cat([x, gone.float()], 1))


def criterion(p, y):
    there = ~torch.isnan(y)
    return (p[there] - y[there]).square().mean()


torch.manual_seed(0)
train, test = Stations(4000, 1), Stations(1000, 2)
loader = DataLoader(train, batch_size=128, shuffle=True)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)


def r2():
    net.eval()
    with torch.no_grad():
        e = (net(test.x) - test.full).square().mean(0)
    net.train()
    return (1 - e / test.full.var(0)).mean().item()


print(f"epoch 0 r2 {r2():.3f}")
for epoch in range(1, 16):
    tot = 0.0
    for x, y in loader:
        opt.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    if epoch % 3 == 0:
        print(f"epoch {epoch} loss {tot / len(loader):.4f} r2 {r2():.3f}")
