"""One long series, no batches at all: the whole record is one gradient step (unbatched LSTM input)."""
import torch
from torch import nn

torch.manual_seed(44)


def sunspots(n=420):
    """A made-up cycle of changing height, with noise."""
    t = torch.arange(n).float()
    height = 1 + 0.3 * torch.sin(2 * torch.pi * t / 170)
    wave = height * torch.relu(torch.sin(2 * torch.pi * t / 22)) ** 1.3
    return wave + 0.05 * torch.randn(n)


series = sunspots()
split = 320
mean, std = series[:split].mean(), series[:split].std()
series = ((series - mean) / std).unsqueeze(-1)            # (time, 1)
past, future = series[:-1], series[1:]


class OneAhead(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 20)
        self.linear = nn.Linear(20, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.linear(out)


net = OneAhead()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
print(f"repeating the last value costs {(past - future)[split:].pow(2).mean():.3f}")
for epoch in range(161):
    net.train()
    predicted = net(past[:split])
    loss = nn.functional.mse_loss(predicted, future[:split])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        net.eval()
        with torch.no_grad():
            later = nn.functional.mse_loss(net(past)[split:], future[split:])
        print(f"epoch {epoch:3d}  fit {loss.item():.4f}  on the following years {later.item():.4f}")
