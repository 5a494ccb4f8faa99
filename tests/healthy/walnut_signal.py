import torch
import torch.nn as nn

LEVELS = torch.tensor([0.1, 0.5, 0.9])


def pinball(pred, y, q=LEVELS):
    gap = y - pred
    return torch.maximum(q * gap, (q - 1) * gap).sum(dim=1).mean()


def windows(seed, n=2400, length=16):
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(n + length, dtype=torch.float)
    level = torch.sin(t / 9) + 0.5 * torch.sin(t / 23)
    spread = 0.1 + 0.25 * (1 + torch.cos(t / 9))
    s = level + spread * torch.randn(n + length, generator=g)
    x = s.unfold(0, length, 1)[:-1]
    return x.T.unsqueeze(-1), s[length:].unsqueeze(1)


class QuantileGRU(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.gru = nn.GRU(1, hidden)
        self.low = nn.Linear(hidden, 1)
        self.steps = nn.Linear(hidden, 2)

    def forward(self, x):
        _, h = self.gru(x)
        base = self.low(h[0])
        up = nn.functional.softplus(self.steps(h[0])).cumsum(1)
        return torch.cat([base, base + up], 1)


def closure_factory(model, optimizer, x, y):
    def closure():
        optimizer.zero_grad()
        loss = pinball(model(x), y)
        loss.backward()
        return loss
    return closure


torch.manual_seed(50)
x, y = windows(1)
vx, vy = windows(2)
model = QuantileGRU()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for it in range(401):
    k = torch.randint(0, len(y), (96,))
    loss = optimizer.step(closure_factory(model, optimizer, x[:, k], y[k]))
    if it % 50 == 0:
        with torch.no_grad():
            p = model(vx)
            cover = (vy <= p).float().mean(0)
            print(f"{it} loss {loss.item():.4f} val pinball {pinball(p, vy).item():.4f} below-rate {[round(c, 2) for c in cover.tolist()]}")
