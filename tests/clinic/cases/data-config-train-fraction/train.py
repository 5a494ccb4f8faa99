"""Ripeness of fruit from 40 spectral bands."""
import json
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset


def spectra(n=2400):
    ripe = torch.rand(n) * 2 - 1
    band = torch.linspace(-1, 1, 40)
    shape = torch.exp(-((band - 0.7 * ripe[:, None]) ** 2) / 0.18)
    x = shape + 0.9 * torch.randn(n, 40) + 0.3 * torch.randn(n, 1)
    return TensorDataset((x - x.mean(0)) / x.std(0), ripe / 0.577)


def split(data):
    s = json.loads((Path(__file__).resolve().parent / "split.json").read_text())
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(s["seed"])).tolist()
    a, b = int(s["train_fraction"] * len(data)), int(s["valid_fraction"] * len(data))
    return Subset(data, order[:a]), Subset(data, order[len(order) - b :])


def run():
    torch.manual_seed(35)
    train, valid = split(spectra())
    loader = DataLoader(train, batch_size=12, sampler=torch.utils.data.RandomSampler(train, replacement=True, num_samples=600))
    net = nn.Sequential(nn.Linear(40, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 1))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    vx, vy = (torch.stack(c) for c in zip(*valid))
    for epoch in range(6):
        total = 0.0
        for x, y in loader:
            loss = nn.functional.mse_loss(net(x).squeeze(1), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() / len(loader)
        with torch.no_grad():
            valid_mse = nn.functional.mse_loss(net(vx).squeeze(1), vy).item()
        print(f"epoch {epoch}: train {total:.4f}  valid {valid_mse:.4f}")
    print(f"validation mse {valid_mse:.3f} (variance {vy.var().item():.3f}), training mse {total:.3f}")


if __name__ == "__main__":
    run()
