import torch
import torch.nn as nn
import torch.nn.functional as F


class MyLinear(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        return x @ self.weight + self.bias


class MyResidual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a = MyLinear(width, width)
        self.b = MyLinear(width, width)

    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))


class Regressor(nn.Module):
    def __init__(self, n_in=8, width=96, depth=3):
        super().__init__()
        self.stem = MyLinear(n_in, width)
        self.blocks = nn.ModuleList(MyResidual(width) for _ in range(depth))
        self.out = MyLinear(width, 1)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for blk in self.blocks:
            x = blk(x)
        return self.out(F.relu(x))


def friedman(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 8, generator=g)
    y = 10 * torch.sin(3.14159 * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = (y - 14.4) / 4.9 + 0.1 * torch.randn(n, generator=g)
    return (x - 0.5) * 3.46, y[:, None]


def fit(steps=600, batch=64):
    torch.manual_seed(7)
    x, y = friedman(4000, 1)
    vx, vy = friedman(800, 2)
    model = Regressor()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for i in range(steps + 1):
        k = torch.randint(0, len(x), (batch,))
        loss = F.mse_loss(model(x[k]), y[k])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 60 == 0:
            with torch.no_grad():
                v = F.mse_loss(model(vx), vy).item()
            print(f"step {i:4d} train {loss.item():.5g} valid {v:.5g}")


fit()
