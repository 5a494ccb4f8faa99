"""Motion code regression: a stack of equalised linear layers maps a pose code to blend weights."""
import math
import torch
from torch import nn
from torch.nn import functional as F


class EqualLinear(nn.Module):
    def __init__(self, in_dim, out_dim, lr_mul=1.0, activation=None):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim).div_(lr_mul))
        self.bias = nn.Parameter(torch.zeros(out_dim))
        self.activation = activation
        self.scale = (1 / math.sqrt(in_dim)) * lr_mul

    def forward(self, x):
        out = F.linear(x, self.weight * self.scale, self.bias)
        if self.activation == 'fused_lrelu':
            out = F.leaky_relu(out, 0.2) * 2 ** 0.5
        return out


class Encoder(nn.Module):
    def __init__(self, dim=64, dim_motion=5):
        super().__init__()
        fc = [EqualLinear(8, dim)]
        for _ in range(3):
            fc.append(EqualLinear(dim, dim))
        fc.append(EqualLinear(dim, dim_motion))
        self.fc = nn.Sequential(*fc)

    def forward(self, code):
        return self.fc(code)


def pose_to_blend(n):
    code = torch.randn(n, 8)
    blend = torch.stack([code[:, 0] * code[:, 1], code[:, 2].abs() - 0.8, code[:, 3] ** 2 - 1,
                         torch.cos(2 * code[:, 4]), (code[:, 5] * code[:, 6]).tanh()], 1)
    return code, blend / blend.std(0)


torch.manual_seed(11)
code, blend = pose_to_blend(4000)
enc = Encoder()
optim = torch.optim.Adam(enc.parameters(), lr=5e-3, betas=(0.5, 0.99))
for i in range(450):
    idx = torch.randint(0, 3400, (64,))
    loss = F.mse_loss(enc(code[idx]), blend[idx])
    enc.zero_grad()
    loss.backward()
    optim.step()
    if i % 75 == 0:
        print(f'[Iter {i:4d}] blend loss {loss.item():.4f}')
with torch.no_grad():
    print(f'test mse {F.mse_loss(enc(code[3400:]), blend[3400:]).item():.3f} (variance {blend[3400:].var(0).mean().item():.3f})')
