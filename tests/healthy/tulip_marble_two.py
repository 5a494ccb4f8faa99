import torch
import torch.nn as nn

torch.manual_seed(37)


def draw(n):
    x = 2 * torch.rand(n, 3) - 1
    y = torch.stack([torch.sin(4 * x[:, 0]) * x[:, 1], torch.cos(3 * x[:, 2] + x[:, 0] * 3)], 1)
    return x, y + 0.05 * torch.randn(n, 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh())
        self.head = nn.Linear(32, 2)

    def forward(self, x):
        return self.head(self.features(x))

    @torch.no_grad()
    def solve(self, x, y, ridge=1e-3):
        f = torch.cat([self.features(x), torch.ones(len(x), 1)], 1)
        w = torch.linalg.solve(f.T @ f / len(x) + ridge * torch.eye(f.shape[1]), f.T @ y / len(x))
        self.head.weight.copy_(w[:-1].T)
        self.head.bias.copy_(w[-1])


X, Y = draw(800)
vx, vy = draw(1000)
net = Net()
optimizer = torch.optim.Adam(net.features.parameters(), lr=1e-2)
for step in range(301):
    net.solve(X, Y)
    net.zero_grad()
    loss = nn.functional.mse_loss(net(X), Y)
    loss.backward()
    if step % 50 == 0:
        with torch.no_grad():
            r2 = 1 - (net(vx) - vy).pow(2).mean() / vy.var()
        print(f"step {step} loss {loss.item():.5f} held-out r2 {r2.item():.4f}")
    optimizer.step()
