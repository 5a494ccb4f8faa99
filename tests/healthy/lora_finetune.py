"""Low-rank adapters on a frozen network: the base was fitted for one robot, the adapters fit it to another."""
import math

import torch
from torch import nn

torch.manual_seed(109)


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4, alpha=8.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad = False
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.base(x) + (x @ self.lora_A.T @ self.lora_B.T) * self.scaling


def arm(x, stiffness):
    return torch.stack([torch.sin(x[:, 0] * stiffness) + x[:, 1], torch.cos(x[:, 2]) * x[:, 3] * stiffness - x[:, 4]], 1)


def fitted_base(width=96):
    """A network whose last layer is solved for the first robot by least squares."""
    net = nn.Sequential(nn.Linear(5, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 2))
    x = torch.randn(4000, 5)
    with torch.no_grad():
        net[0].weight.mul_(1.5)
        net[2].weight.mul_(1.5)
        h = torch.cat([net[:4](x), torch.ones(4000, 1)], 1)
        w = torch.linalg.solve(h.T @ h + 1.0 * torch.eye(width + 1), h.T @ arm(x, 1.0))
        net[4].weight.copy_(w[:-1].T)
        net[4].bias.copy_(w[-1])
    return net


net = fitted_base()
for i in (0, 2, 4):
    net[i] = LoRALinear(net[i])
trainable = [p for p in net.parameters() if p.requires_grad]
print(f"{sum(p.numel() for p in trainable)} of {sum(p.numel() for p in net.parameters())} parameters are trained")
optimizer = torch.optim.AdamW(trainable, lr=5e-3, weight_decay=0.0)
x_test = torch.randn(500, 5)
y_test = arm(x_test, 1.6)
for step in range(301):
    x = torch.randn(64, 5)
    loss = nn.functional.mse_loss(net(x), arm(x, 1.6))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            print(f"step {step}: loss {loss.item():.4f}, test {nn.functional.mse_loss(net(x_test), y_test).item():.4f} (variance {y_test.var().item():.2f})")
