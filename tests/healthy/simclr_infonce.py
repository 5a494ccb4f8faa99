"""Self-supervised: two views of the same signal must find each other in the batch (NT-Xent)."""
import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(31)
KINDS, LEN = 24, 32
prototypes = torch.randn(KINDS, 1, LEN).cumsum(-1)
prototypes = (prototypes - prototypes.mean(-1, keepdim=True)) / prototypes.std(-1, keepdim=True)


def augment(x):
    gain = 0.7 + 0.6 * torch.rand(len(x), 1, 1)
    noisy = gain * x + 0.25 * torch.randn_like(x)
    start = int(torch.randint(0, LEN - 6, (1,)))
    noisy[:, :, start:start + 6] = 0.0
    return noisy


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(1, 16, 5, 2, 2), nn.ReLU(), nn.Conv1d(16, 32, 5, 2, 2), nn.ReLU(), nn.Flatten())
        self.project = nn.Sequential(nn.Linear(32 * 8, 64), nn.ReLU(), nn.Linear(64, 24))

    def forward(self, x):
        return F.normalize(self.project(self.body(x)), dim=1)


def nt_xent(za, zb, temperature=0.2):
    z = torch.cat([za, zb])
    sim = z @ z.T / temperature
    sim.fill_diagonal_(-1e9)
    n = len(za)
    partner = torch.cat([torch.arange(n) + n, torch.arange(n)])
    return F.cross_entropy(sim, partner)


encoder = Encoder()
optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3, weight_decay=1e-3)
print(f"chance level: {math.log(2 * 24 - 1):.3f}")
for step in range(200):
    batch = prototypes[torch.randperm(KINDS)]
    batch = batch + 0.3 * torch.randn(KINDS, 1, LEN).cumsum(-1) / 3
    loss = nt_xent(encoder(augment(batch)), encoder(augment(batch)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0 or step == 199:
        print(f"step {step:3d}  NT-Xent {loss.item():.3f}")
