"""Höhenstufen einer Drohne Schritt für Schritt vorhersagen (LSTM, Standardisierung, RMSprop)."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Settings:
    hidden: int = 48
    window: int = 10
    batch: int = 40
    lr: float = 3e-3
    epochs: int = 12
    seed: int = 21


def fly(tracks: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Stufe 0..3, steigt oder sinkt, kehrt an den Rändern und ab und zu auch unterwegs um."""
    stage = rng.integers(0, 4, tracks)
    way = rng.choice([-1, 1], tracks)
    path = []
    for _ in range(length):
        path.append(stage)
        way = np.where(rng.random(tracks) < 0.08, -way, way)
        way = np.where((stage + way < 0) | (stage + way > 3), -way, way)
        stage = stage + way
    return np.stack(path, 1)


class StageNet(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return torch.sigmoid(self.out(h))


class Standardizer:
    def fit(self, x):
        self.mean, self.std = x.mean(), x.std()
        return self

    def __call__(self, x):
        return (x - self.mean) / self.std


def pairs(tracks, window, scale):
    cut = np.concatenate([tracks[:, i:i + window] for i in range(0, tracks.shape[1] - window + 1, window)])
    x = scale(torch.tensor(cut, dtype=torch.float32)).unsqueeze(-1)
    return x[:, :-1], x[:, 1:]


def main(s: Settings = Settings()):
    torch.manual_seed(s.seed)
    tracks = fly(100, 200, np.random.default_rng(s.seed))
    scale = Standardizer().fit(torch.tensor(tracks[:80], dtype=torch.float32))
    x, y = pairs(tracks[:80], s.window, scale)
    x_val, y_val = pairs(tracks[80:], s.window, scale)
    net = StageNet(s.hidden)
    opt = torch.optim.RMSprop(net.parameters(), lr=s.lr)
    print(f"{len(x)} Fenster, Zielvarianz {y_val.var():.3f}")
    for epoch in range(s.epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(s.batch):
            opt.zero_grad()
            loss = F.mse_loss(net(x[idx]), y[idx])
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            val = F.mse_loss(net(x_val), y_val).item()
        print(f"Epoche {epoch + 1:2d}: Training {loss.item():.3f}  Validierung {val:.3f}")


if __name__ == "__main__":
    main()
