"""Fine-tunes the vibration encoder on the bearing classes of plant B."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

DIR = os.path.dirname(os.path.abspath(__file__))
CLASSES = ["ok", "outer", "inner", "ball", "cage"]


class Encoder(nn.Module):
    """Spectrum of 48 bins -> 32 features."""

    def __init__(self, bins=48, width=64, feats=32):
        super().__init__()
        self.l1 = nn.Linear(bins, width)
        self.l2 = nn.Linear(width, width)
        self.l3 = nn.Linear(width, feats)

    def forward(self, x):
        x = F.gelu(self.l1(x))
        x = F.gelu(self.l2(x))
        return F.gelu(self.l3(x))


class Classifier(nn.Module):
    def __init__(self, encoder, n_classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.l3.out_features, n_classes)

    def forward(self, x):
        return self.head(self.encoder(x))


def spectra(n, seed, n_classes=5, bins=48):
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    grid = np.arange(bins)
    base = np.array([0.0, 9.3, 12.1, 7.4, 5.2])
    speed = rng.uniform(0.85, 1.15, n)
    x = rng.gamma(2.0, 0.25, (n, bins))
    x += 1.5 * np.exp(-0.5 * ((grid - 3.0 * speed[:, None]) / 0.8) ** 2)
    for k in (1, 2, 3):
        centre = base[y] * k * speed
        peak = np.exp(-0.5 * ((grid - centre[:, None]) / 0.9) ** 2) * rng.uniform(0.4, 1.4, (n, 1)) / k ** 0.5
        x += peak * (y > 0)[:, None]
    x = np.log1p(x)
    x = (x - 0.45) / 0.3
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        z = model(x)
    model.train()
    return F.cross_entropy(z, y).item(), (z.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(6)
    encoder = Encoder()
    state = torch.load(os.path.join(DIR, "encoder_plant_a.pt"), map_location="cpu")
    encoder.load_state_dict(state)
    model = Classifier(encoder, len(CLASSES))

    xt, yt = spectra(1500, seed=101)
    xv, yv = spectra(500, seed=102)
    opt = torch.optim.Adam([
        {"params": model.encoder.parameters(), "lr": 3e-4},
        {"params": model.head.parameters(), "lr": 1e-3},
    ])
    n_epochs, batch = 8, 32
    for epoch in range(n_epochs):
        order = torch.randperm(len(xt))
        running = 0.0
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            loss = F.cross_entropy(model(xt[rows]), yt[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(rows)
        if (epoch + 1) % 2 == 0:
            vl, va = accuracy(model, xv, yv)
            print("epoch %2d: train loss %.4g, valid loss %.4g, valid acc %.3f" % (epoch + 1, running / len(xt), vl, va))


if __name__ == "__main__":
    main()
