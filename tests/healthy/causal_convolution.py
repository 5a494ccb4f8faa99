"""Dilated causal convolutions: padding on the left only, one forecast per time step."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(197)


def traffic(n, length=65):
    """Two rhythms with a random phase; the second one is switched on by pulses of the first."""
    t = torch.arange(length).float()
    a = torch.sin(0.5 * t + 6.28 * torch.rand(n, 1))
    b = torch.sin(1.3 * t + 6.28 * torch.rand(n, 1)) * (a > 0)
    x = a + 0.7 * b + 0.1 * torch.randn(n, length)
    return x / 0.82


class CausalConv1d(nn.Conv1d):
    def __init__(self, cin, cout, kernel, dilation):
        super().__init__(cin, cout, kernel, dilation=dilation)
        self.left = (kernel - 1) * dilation

    def forward(self, x):
        return super().forward(F.pad(x, (self.left, 0)))


class TemporalBlock(nn.Module):
    def __init__(self, cin, cout, dilation):
        super().__init__()
        self.filter, self.gate = CausalConv1d(cin, cout, 3, dilation), CausalConv1d(cin, cout, 3, dilation)
        self.skip = nn.Conv1d(cin, cout, 1) if cin != cout else nn.Identity()

    def forward(self, x):
        return self.skip(x) + torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))


net = nn.Sequential(TemporalBlock(1, 20, 1), TemporalBlock(20, 20, 2), TemporalBlock(20, 20, 4), nn.Conv1d(20, 1, 1))
optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3)
test = traffic(200)
for step in range(1, 251):
    x = traffic(24)
    forecast = net(x[:, None, :-1]).squeeze(1)
    loss = F.mse_loss(forecast[:, 8:], x[:, 9:])             # the first steps have too little past
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step == 1 or step % 50 == 0:
        with torch.no_grad():
            error = F.mse_loss(net(test[:, None, :-1]).squeeze(1)[:, 8:], test[:, 9:]).item()
        print(f"step {step:3d}  loss {loss.item():.4f}  test {error:.4f}  (last value again: {(test[:, 9:] - test[:, 8:-1]).pow(2).mean():.4f})")
