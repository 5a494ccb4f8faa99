import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

KINDS = ("gala", "fuji", "jonagold", "boskoop", "elstar", "braeburn")


class FruitTable(Dataset):
    """Rows as exported from the grading database: ordered by variety, then weight."""

    def __init__(self, per_kind, seed):
        rng = np.random.default_rng(seed)
        centres = np.random.default_rng(99).normal(0, 1.3, (len(KINDS), 10))
        xs, ys = [], []
        for k in range(len(KINDS)):
            block = centres[k] + rng.normal(0, 1.0, (per_kind, 10))
            block[:, 1] += 0.6 * block[:, 0] ** 2 * (1 if k % 2 else -1)
            xs.append(block[np.argsort(block[:, 0])])
            ys += [k] * per_kind
        self.x = torch.tensor(np.concatenate(xs), dtype=torch.float32)
        self.x = (self.x - self.x.mean(0)) / self.x.std(0)
        self.y = torch.tensor(ys)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def accuracy(net, loader):
    net.eval()
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += (net(x).argmax(1) == y).sum().item()
    net.train()
    return good / len(loader.dataset)


torch.manual_seed(5)
train_dl = DataLoader(FruitTable(350, 1), batch_size=50, shuffle=True)
test_dl = DataLoader(FruitTable(100, 2), batch_size=100)

net = nn.Sequential(nn.Linear(10, 12), nn.Tanh(), nn.Linear(12, len(KINDS)))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
lossf = nn.CrossEntropyLoss()
for epoch in range(14):
    tot = 0.0
    for x, y in train_dl:
        opt.zero_grad()
        l = lossf(net(x), y)
        l.backward()
        opt.step()
        tot += l.item()
    print("epoch %2d   loss %.4f   test acc %.3f" % (epoch, tot / len(train_dl), accuracy(net, test_dl)))
