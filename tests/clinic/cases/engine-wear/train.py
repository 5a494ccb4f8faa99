# Remaining-useful-life style regression. Settings live in settings.toml
import tomllib
from pathlib import Path
import torch
from torch import nn


class Experiment:
    def __init__(self, settings_file):
        with open(Path(__file__).parent / settings_file, "rb") as f:
            self.s = tomllib.load(f)
        torch.manual_seed(self.s["run"]["seed"])
        self.make_data()
        width = self.s["net"]["width"]
        self.net = nn.Sequential(nn.Linear(8, width), nn.ELU(), nn.Linear(width, width), nn.ELU(), nn.Linear(width, 1))
        self.optim = torch.optim.Adam(self.net.parameters(), **self.s["optim"])
        self.loss = nn.HuberLoss()

    def make_data(self):
        n = 2400
        x = torch.randn(n, 8)
        y = torch.sin(1.5 * x[:, 0]) + x[:, 1] * x[:, 2] * 0.7 + 0.5 * x[:, 3].abs() - 0.4 * x[:, 4] + 0.1 * torch.randn(n)
        y = (y - y.mean()) / y.std()
        self.xtr, self.ytr, self.xte, self.yte = x[:2000], y[:2000, None], x[2000:], y[2000:, None]

    def train(self):
        bs = self.s["run"]["batch"]
        for ep in range(self.s["run"]["epochs"]):
            order = torch.randperm(len(self.xtr))
            acc = 0.0
            for i in range(0, len(order), bs):
                k = order[i:i + bs]
                self.optim.zero_grad()
                l = self.loss(self.net(self.xtr[k]), self.ytr[k])
                l.backward()
                self.optim.step()
                acc += l.item() * len(k)
            if ep % 4 == 3:
                print(f"epoch {ep + 1}: huber {acc / len(order):.4f}")

    def test(self):
        with torch.no_grad():
            p = self.net(self.xte)
        return 1 - ((p - self.yte) ** 2).mean().item() / self.yte.var().item()


ex = Experiment("settings.toml")
ex.train()
print(f"test R^2: {ex.test():.3f}")
