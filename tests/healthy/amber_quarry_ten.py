import torch
from torch import nn

torch.manual_seed(11)
g = torch.Generator().manual_seed(5)


def draw(n):
    a = 2 * torch.pi * torch.rand(n, generator=g)
    x = torch.stack([a.cos(), a.sin()], 1)
    y = torch.sin(5 * a) + 0.5 * torch.cos(3 * a + 1) + 0.05 * torch.randn(n, generator=g)
    return x, y[:, None]


first = nn.Linear(2, 256)
with torch.no_grad():
    first.weight.mul_(2 / first.weight.norm(dim=1, keepdim=True))
    first.bias.fill_(-1.8)
net = nn.Sequential(first, nn.ReLU(), nn.Linear(256, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
tx, ty = draw(1000)

for it in range(401):
    if it % 100 == 0:
        with torch.no_grad():
            r2 = 1 - (net(tx) - ty).square().mean() / ty.var()
            zeros = (net[1](first(tx)) == 0).float().mean()
        print(f"it {it} r2 {r2.item():.3f} zeros {zeros.item():.3f}")
    x, y = draw(128)
    loss = nn.functional.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
