import torch
from torch import nn

torch.manual_seed(61)
torch.set_default_dtype(torch.float64)
n, taps = 256, 5
true = torch.complex(torch.randn(taps), torch.randn(taps)) / 3


class Equalizer(nn.Module):
    def __init__(self, taps):
        super().__init__()
        self.h = nn.Parameter(torch.zeros(taps, dtype=torch.complex128))
        self.g = nn.Parameter(torch.zeros(1, dtype=torch.complex128))

    def forward(self, s):
        win = s.unfold(1, self.h.numel(), 1)
        lin = win @ self.h
        return lin + self.g * lin * lin.abs() ** 2


def link(b):
    s = torch.complex(torch.randn(b, n + taps - 1), torch.randn(b, n + taps - 1)) / 2 ** 0.5
    lin = s.unfold(1, taps, 1) @ true
    y = lin + (0.15 - 0.1j) * lin * lin.abs() ** 2
    return s, y + 0.02 * torch.complex(torch.randn_like(y.real), torch.randn_like(y.real))


net = Equalizer(taps)
opt = torch.optim.SGD(net.parameters(), lr=2e-6)
for k in range(1, 401):
    s, y = link(32)
    loss = (net(s) - y).abs().square().sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if k % 50 == 0:
        print(f"burst {k} loss {loss.item():.1f}")
with torch.no_grad():
    s, y = link(64)
    print(f"final relative error {((net(s) - y).abs().square().sum() / y.abs().square().sum()).item():.5f}")
