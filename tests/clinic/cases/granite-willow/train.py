import warnings
from collections import OrderedDict

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore")
torch.manual_seed(17)


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.GroupNorm(4, c)
        self.a = nn.Conv1d(c, c, 3, padding=1)
        self.b = nn.Conv1d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(self.norm(x))))


class Detector(nn.Module):
    def __init__(self, channels=12, lean=True):
        super().__init__()
        self.lean = lean
        self.trunk = nn.Sequential(OrderedDict(
            stem=nn.Conv1d(1, channels, 5, padding=2), r1=Residual(channels), r2=Residual(channels)))
        self.neck = nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten())
        self.head = nn.Linear(channels, 5)

    def forward(self, x):
        h = checkpoint(self.trunk, x, use_reentrant=True) if self.lean and self.training else self.trunk(x)
        return self.head(self.neck(h))


MOTIF = torch.randn(5, 7).sign()


def signals(n, length=40):
    y = torch.randint(0, 5, (n,))
    x = 0.5 * torch.randn(n, length)
    at = torch.randint(0, length - 7, (n, 3))
    for j in range(3):
        col = at[:, j, None] + torch.arange(7)
        x.scatter_add_(1, col, MOTIF[y] * torch.randint(0, 2, (n, 1)).mul(2).sub(1))
    return x[:, None], y


train, test = signals(1600), signals(500)
net = Detector()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
step = 0
for epoch in range(14):
    net.train()
    for idx in torch.randperm(len(train[1])).split(64):
        loss = nn.functional.cross_entropy(net(train[0][idx]), train[1][idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}  loss {loss.item():.4f}")
net.eval()
with torch.no_grad():
    print(f"final test acc {(net(test[0]).argmax(1) == test[1]).float().mean():.3f}")
