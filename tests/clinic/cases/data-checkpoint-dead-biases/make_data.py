"""Converts the layer statistics of the old model into start weights: warmstart.pth."""
from pathlib import Path

import torch

gen = torch.Generator().manual_seed(9)
sizes = [(14, 64), (64, 64), (64, 1)]
state = {}
for i, (a, b) in enumerate(sizes):
    state[f"{2 * i}.weight"] = torch.randn(b, a, generator=gen) * (2 / a) ** 0.5 * (0.5 if b == 1 else 1)
    state[f"{2 * i}.bias"] = 0.05 * torch.randn(b, generator=gen)
state["0.bias"] -= 40.0
torch.save(state, Path(__file__).resolve().parent / "warmstart.pth")
