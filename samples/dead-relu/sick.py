"""Sparse codes for time series: a ReLU classifier whose units should answer to few inputs only."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--width", type=int, default=96)
parser.add_argument("--threshold", type=float, default=4.0, help="how much input a unit needs before it answers")
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--steps", type=int, default=400)
args = parser.parse_args()


def waves(n):
    """Square, saw tooth, sine and spike trains of 40 samples."""
    kind = torch.randint(0, 4, (n,))
    t = (torch.arange(40) / 40 * 3)[None, :] + torch.rand(n, 1)
    saw = 2 * (t % 1) - 1
    forms = torch.stack([saw.sign(), 1.7 * saw, 1.4 * torch.sin(6.2832 * t), 3.2 * (saw > 0.8).float() - 0.3])
    return forms[kind, torch.arange(n)] + 0.3 * torch.randn(n, 40), kind


class SparseNet(nn.Module):
    def __init__(self, width, threshold):
        super().__init__()
        self.code1 = nn.Linear(40, width)
        self.code2 = nn.Linear(width, width)
        self.readout = nn.Linear(width, 4)
        for layer in (self.code1, self.code2):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.constant_(layer.bias, -threshold)

    def forward(self, x):
        x = F.relu(self.code1(x))
        x = F.relu(self.code2(x))
        return self.readout(x)


torch.manual_seed(1)
net = SparseNet(args.width, args.threshold)
optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)

for step in range(args.steps):
    x, kind = waves(48)
    loss = F.cross_entropy(net(x), kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 79:
        print(f"step {step + 1}/{args.steps}: loss={loss.item():.4f}")

with torch.no_grad():
    x, kind = waves(2000)
    print(f"accuracy on new waves: {(net(x).argmax(1) == kind).float().mean():.3f}")
