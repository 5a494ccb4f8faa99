from typing import List

import torch
from torch import Tensor, nn


@torch.jit.script
def unroll(x: Tensor, win: Tensor, wrec: Tensor, bias: Tensor) -> Tensor:
    h = torch.zeros(x.size(1), wrec.size(0))
    steps: List[Tensor] = []
    for t in range(x.size(0)):
        h = torch.relu(x[t] @ win + h @ wrec + bias)
        steps.append(h)
    return steps[-1]


class Accumulator(torch.jit.ScriptModule):
    def __init__(self, inp: int, hid: int):
        super().__init__()
        self.win = nn.Parameter(torch.randn(inp, hid) * 0.1)
        self.wrec = nn.Parameter(torch.eye(hid) * 0.98)
        self.bias = nn.Parameter(torch.zeros(hid))
        self.out = nn.Linear(hid, 1)

    @torch.jit.script_method
    def forward(self, x):
        return self.out(unroll(x, self.win, self.wrec, self.bias)).squeeze(1)


def adding(T, n):
    v = torch.rand(T, n)
    m = (torch.rand(T, n) < 0.25).float()
    return torch.stack([v, m], -1), (v * m).sum(0) / 3


torch.manual_seed(31)
T = 40
net = Accumulator(2, 40)
opt = torch.optim.SGD(net.parameters(), lr=0.003)
LIMIT = float("inf")
for step in range(1, 901):
    x, y = adding(T, 32)
    loss = (net(x) - y).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), LIMIT)
    opt.step()
    if step % 90 == 0:
        print(f"step {step:3d}  loss {loss.item():.4f}")
with torch.no_grad():
    x, y = adding(T, 1000)
    print(f"final test mse {(net(x) - y).pow(2).mean().item():.4f} (variance {y.var().item():.4f})")
