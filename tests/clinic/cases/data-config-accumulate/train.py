"""Handwriting slant regression with gradient accumulation over micro batches."""
import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, settings):
        self.model, self.settings = model, settings
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
        self.pending = 0

    def micro_step(self, x, y):
        loss = nn.functional.mse_loss(self.model(x).squeeze(1), y)
        (loss / self.settings["accumulate"]).backward()
        self.pending += 1
        if self.pending == self.settings["accumulate"]:
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.pending = 0
        return loss.item()

    def fit(self, train, valid):
        for epoch in range(self.settings["epochs"]):
            losses = [self.micro_step(x, y) for x, y in train]
            print(f"epoch {epoch}: train {sum(losses) / len(losses):.4f} valid {self.evaluate(valid):.4f}")

    @torch.no_grad()
    def evaluate(self, valid):
        x, y = valid
        return nn.functional.mse_loss(self.model(x).squeeze(1), y).item()


def strokes(n):
    slant = (torch.rand(n) - 0.5) * 1.2
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, 10), torch.linspace(-1, 1, 10), indexing="ij")
    offset = 0.3 * torch.randn(n, 1, 1)
    line = torch.exp(-((xx - slant[:, None, None].tan() * yy - offset) ** 2) / 0.06)
    img = line + 0.15 * torch.randn(n, 10, 10)
    return ((img - img.mean()) / img.std()).unsqueeze(1), slant / (1.2 / math.sqrt(12))


if __name__ == "__main__":
    settings = json.loads(Path(__file__).with_name("trainer.json").read_text())
    torch.manual_seed(settings["seed"])
    x, y = strokes(2900)
    net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 1))
    trainer = Trainer(net, settings)
    trainer.fit(DataLoader(TensorDataset(x[:2560], y[:2560]), settings["micro_batch"], shuffle=True), (x[2560:], y[2560:]))
    print(f"validation mse {trainer.evaluate((x[2560:], y[2560:])):.3f} (variance {y[2560:].var().item():.3f})")
