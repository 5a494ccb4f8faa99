"""Recurrent classifier with its own cell (projection included) for long phone-sensor traces."""
import torch
import torch.nn as nn


class ProjectedCell(nn.Module):
    """h' = tanh(W x + U p), p' = P h'"""

    def __init__(self, n_in, n_hidden, n_proj):
        super().__init__()
        self.W = nn.Parameter(torch.randn(n_in, n_hidden) * 0.3)
        self.U = nn.Parameter(torch.randn(n_proj, n_hidden) * 1.1 / n_proj ** 0.5)
        self.P = nn.Parameter(torch.randn(n_hidden, n_proj) * 1.1 / n_hidden ** 0.5)
        self.b = nn.Parameter(torch.zeros(n_hidden))

    def forward(self, xs):
        p = torch.zeros(xs.size(1), self.P.size(1))
        for x in xs:
            p = torch.tanh(x @ self.W + p @ self.U + self.b) @ self.P
        return p


class TraceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = ProjectedCell(3, 64, 48)
        self.out = nn.Linear(48, 5)

    def forward(self, xs):
        return self.out(self.cell(xs))


def traces(n, T=30):
    y = torch.randint(0, 5, (n,))
    t = torch.arange(T).float()[:, None]
    phase = torch.rand(n) * 6.28
    f = 0.15 + 0.22 * y.float()
    xs = torch.stack([torch.sin(f * t + phase), torch.cos(f * t + phase), torch.randn(T, n) * 0.1], -1)
    return xs + 0.05 * torch.randn(T, n, 3), y


torch.manual_seed(1200)
x, y = traces(2000)
net = TraceNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for it in range(1, 301):
    k = torch.randint(0, 1700, (32,))
    loss = nn.functional.cross_entropy(net(x[:, k]), y[k])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 50 == 0:
        print(f'iter {it} ce {loss.item():.4f}')
with torch.no_grad():
    acc = (net(x[:, 1700:]).argmax(1) == y[1700:]).float().mean().item()
print(f'test accuracy {acc:.3f} (5 gestures)')
