"""SIREN: sine activations with omega 30 and their own initialisation, fitted to a chirp."""
import math

import torch
from torch import nn

torch.manual_seed(167)


class SineLayer(nn.Module):
    def __init__(self, fan_in, fan_out, is_first=False, omega_0=30.0):
        super().__init__()
        self.omega_0 = omega_0
        self.linear = nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            bound = 1 / fan_in if is_first else math.sqrt(6 / fan_in) / omega_0
            self.linear.weight.uniform_(-bound, bound)

    def forward(self, x):
        return torch.sin(self.omega_0 * self.linear(x))


class Siren(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.net = nn.Sequential(SineLayer(1, hidden, is_first=True), SineLayer(hidden, hidden), nn.Linear(hidden, 1))
        with torch.no_grad():
            bound = math.sqrt(6 / hidden) / 30
            self.net[-1].weight.uniform_(-bound, bound)

    def forward(self, t):
        return self.net(t)


def chirp(t):
    return torch.sin(25 * t ** 2 + 6 * t) * torch.exp(-t)


t_all = torch.linspace(-1, 1, 1201).unsqueeze(1)
siren = Siren()
optimizer = torch.optim.Adam(siren.parameters(), lr=5e-4)
for step in range(401):
    t = torch.rand(256, 1) * 2 - 1
    loss = ((siren(t) - chirp(t)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        with torch.no_grad():
            rmse = (siren(t_all) - chirp(t_all)).pow(2).mean().sqrt().item()
        print(f"step {step:3d}: loss {loss.item():.5f}, RMSE on the grid {rmse:.4f} (spread of the signal {chirp(t_all).std().item():.2f})")
