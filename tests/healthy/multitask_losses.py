"""One trunk, three heads: class, box size and a yes/no flag; a weighted sum of their losses."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(61)
LOSS_WEIGHTS = {"kind": 1.0, "size": 0.5, "tilted": 0.7}


def scene(n):
    kind = torch.randint(0, 3, (n,))
    size = 0.5 + torch.rand(n, 2)
    tilted = (torch.rand(n) < 0.4).float()
    basis = torch.stack([torch.sin(torch.arange(24) * f) for f in (0.3, 0.7, 1.1)])
    x = basis[kind] * size[:, :1] + size[:, 1:] * torch.cos(torch.arange(24) * 0.2)
    x = x + tilted[:, None] * torch.linspace(-1, 1, 24) + 0.2 * torch.randn(n, 24)
    return x, {"kind": kind, "size": (size - 1.0) / 0.29, "tilted": tilted}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(24, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.heads = nn.ModuleDict({"kind": nn.Linear(64, 3), "size": nn.Linear(64, 2), "tilted": nn.Linear(64, 1)})

    def forward(self, x):
        h = self.trunk(x)
        out = {name: head(h) for name, head in self.heads.items()}
        out["tilted"] = out["tilted"].squeeze(-1)
        return out


CRITERIA = {"kind": F.cross_entropy, "size": F.smooth_l1_loss, "tilted": F.binary_cross_entropy_with_logits}
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(301):
    x, truth = scene(48)
    out = net(x)
    parts = {name: CRITERIA[name](out[name], truth[name]) for name in CRITERIA}
    loss = sum(LOSS_WEIGHTS[name] * part for name, part in parts.items())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, f"total {loss.item():.3f}", *(f"{name} {part.item():.3f}" for name, part in parts.items()))
