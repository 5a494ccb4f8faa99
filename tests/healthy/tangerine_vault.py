import torch
from torch import nn

torch.manual_seed(27)
PER = 64


class ListMaker:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)
        self.taste = torch.randn(10, generator=torch.Generator().manual_seed(0))

    def __call__(self, n=PER):
        x = torch.randn(n, 10, generator=self.g)
        y = x @ self.taste + 1.5 * torch.sin(2 * x[:, 0]) * x[:, 1]
        return x, y


class Ranker(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(10, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))

    def forward(self, x):
        return self.f(x)


def order_loss(score, y):
    d = score - score.T
    want = (y[:, None] > y[None, :]).float()
    off = ~torch.eye(len(y), dtype=torch.bool)
    return nn.functional.binary_cross_entropy_with_logits(d, want, reduction="none")[off].mean()


def tau(score, y):
    s = score.flatten()
    a = (s[:, None] - s[None]).sign() * (y[:, None] - y[None]).sign()
    return (a.sum() / (len(y) * (len(y) - 1))).item()


net, make = Ranker(), ListMaker(1)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for i in range(1, 501):
    x, y = make()
    loss = order_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 50 == 0:
        print(f"list {i} loss {loss.item():.4f}")
with torch.no_grad():
    x, y = ListMaker(2)(800)
    print(f"final Kendall tau {tau(net(x), y):.3f}")
