"""Tide at the harbour from moon and sun phases and wind."""
import functools
import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn


class Runner:
    def __init__(self, path):
        self.exp = json.loads(path.read_text())
        torch.manual_seed(len(self.exp["name"]))
        loss = self.exp["loss"]
        self.criterion = functools.partial(getattr(F, loss["kind"]), reduction=loss["reduction"])
        h = self.exp["hidden"]
        self.net = nn.Sequential(nn.Linear(6, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 1))
        self.opt = torch.optim.SGD(self.net.parameters(), **self.exp["sgd"])
        self.data = self.simulate(3200)
        self.test = self.simulate(800)

    @staticmethod
    def simulate(n):
        moon, sun = 2 * math.pi * torch.rand(2, n)
        wind = torch.randn(2, n)
        tide = moon.cos() + 0.46 * sun.cos() * (1 + 0.5 * moon.sin()) + 0.3 * wind[0] * wind[1].tanh()
        x = torch.stack([moon.sin(), moon.cos(), sun.sin(), sun.cos(), *wind], 1)
        return x, tide[:, None] / 0.87

    def epoch(self):
        x, y = self.data
        for idx in torch.randperm(len(x)).split(self.exp["batch"]):
            self.opt.zero_grad()
            loss = self.criterion(self.net(x[idx]), y[idx])
            loss.backward()
            self.opt.step()
        return loss.item()

    def r2(self):
        x, y = self.test
        with torch.no_grad():
            return (1 - (self.net(x) - y).pow(2).mean() / y.var()).item()

    def train(self):
        for e in range(self.exp["epochs"]):
            print(f"{self.exp['name']} epoch {e}: loss {self.epoch():.4g}, R2 {self.r2():.3f}")
        print(f"R2 on fresh tides {self.r2():.3f}")


Runner(pathlib.Path(__file__).resolve().parent / "experiment.json").train()
