"""Three quantiles at once with the pinball loss: predictions (batch, 3) against targets (batch, 1)."""
import torch
from torch import nn

torch.manual_seed(131)
QUANTILES = torch.tensor([0.1, 0.5, 0.9])


def arrivals(n):
    """Delay of a bus: skewed noise that grows with the traffic."""
    traffic, rain, hour = torch.rand(n), torch.rand(n), torch.rand(n) * 6.2832
    typical = 1.5 * traffic + 0.8 * rain * traffic + 0.5 * torch.sin(hour)
    delay = typical + (0.2 + traffic) * (torch.randn(n).exp() - 1.0) * 0.5
    x = torch.stack([(traffic - 0.5) * 3.46, (rain - 0.5) * 3.46, hour.sin(), hour.cos()], dim=1)
    return x, delay.unsqueeze(1)


class QuantileNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.middle = nn.Linear(hidden, 1)
        self.spread = nn.Linear(hidden, 2)

    def forward(self, x):
        h = self.body(x)
        m = self.middle(h)
        down, up = nn.functional.softplus(self.spread(h)).split(1, dim=1)
        return torch.cat([m - down, m, m + up], dim=1)


def pinball(predicted, target):
    gap = target - predicted                       # the one target is compared with all three quantiles
    return torch.maximum(QUANTILES * gap, (QUANTILES - 1) * gap).mean()


net = QuantileNet()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
x_test, delay_test = arrivals(3000)
print(f"pinball loss of constant quantiles {pinball(torch.quantile(delay_test, QUANTILES).expand(3000, 3), delay_test).item():.4f}")
for step in range(301):
    x, delay = arrivals(100)
    loss = pinball(net(x), delay)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            q = net(x_test)
        below = [round((delay_test < q[:, i:i + 1]).float().mean().item(), 2) for i in range(3)]
        print(f"step {step:3d}: loss {loss.item():.4f}, test {pinball(q, delay_test).item():.4f}, share below each quantile {below}")
