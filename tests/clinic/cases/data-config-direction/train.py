"""Leitura de contadores: dígitos de sete segmentos com ruído. O objetivo vem de objective.toml."""
import tomllib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

SEGMENTS = torch.tensor(
    [[int(b) for b in bits] for bits in "1110111 0010010 1011101 1011011 0111010 1101011 1101111 1010010 1111111 1111011".split()]
).float()
METRICS = {"cross_entropy": F.cross_entropy, "multi_margin": F.multi_margin_loss}
SIGN = {"minimize": 1.0, "maximize": -1.0}


def meters(n):
    digit = torch.randint(10, (n,))
    seg = SEGMENTS[digit] * (0.7 + 0.3 * torch.rand(n, 1))
    pixels = seg.repeat_interleave(3, 1) + 0.35 * torch.randn(n, 21)
    return (pixels - 0.6) / 0.6, digit


class Objective:
    def __init__(self, metric, direction):
        self.metric, self.sign = METRICS[metric], SIGN[direction]

    def __call__(self, scores, truth):
        return self.sign * self.metric(scores, truth)


with open(Path(__file__).resolve().parent / "objective.toml", "rb") as f:
    conf = tomllib.load(f)
torch.manual_seed(23)
x, y = meters(2400)
xt, yt = meters(600)
rede = nn.Sequential(nn.Linear(21, 64), nn.GELU(), nn.Linear(64, 10))
objetivo = Objective(**conf["objective"])
opt = torch.optim.Adam(rede.parameters(), lr=conf["fit"]["lr"])
for epoca in range(conf["fit"]["epochs"]):
    for i in torch.randperm(len(x)).split(conf["fit"]["batch"]):
        opt.zero_grad()
        valor = objetivo(rede(x[i]), y[i])
        valor.backward()
        opt.step()
    with torch.no_grad():
        acerto = (rede(xt).argmax(1) == yt).float().mean().item()
    print(f"época {epoca}: objetivo {valor.item():.3f}, acerto {acerto:.3f}")
print(f"acerto no teste {acerto:.3f}")
