"""Denoising autoencoder for 8x8 patches; each data set carries its scale as an attribute."""
from pathlib import Path

import h5py
import torch
from torch import nn


def dataset(name):
    with h5py.File(Path(__file__).resolve().parent / "patches.h5") as f:
        return torch.from_numpy(f[name][()]).float().flatten(1) * float(f[name].attrs["scale"])


class Denoiser(nn.Module):
    def __init__(self, pixels=64, code=24):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(pixels, 96), nn.ReLU(), nn.Linear(96, code))
        self.decode = nn.Sequential(nn.Linear(code, 96), nn.ReLU(), nn.Linear(96, pixels), nn.Sigmoid())

    def forward(self, x):
        return self.decode(self.encode(x))


def relative_error(model, x, y):
    with torch.no_grad():
        return ((model(x) - y).square().sum() / (y - y.mean(0)).square().sum()).item()


torch.manual_seed(18)
noisy, clean = dataset("noisy"), dataset("clean")
order = torch.randperm(len(noisy))
train, test = order[:600], order[600:]
model = Denoiser()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
mse = nn.MSELoss()
for epoch in range(12):
    for idx in train[torch.randperm(len(train))].split(40):
        optimizer.zero_grad()
        loss = mse(model(noisy[idx]), clean[idx])
        loss.backward()
        optimizer.step()
    if epoch % 2 == 1:
        print(f"epoch {epoch + 1}: mse {loss.item():.5g}, unexplained {relative_error(model, noisy[test], clean[test]):.3f}")
print(f"unexplained share of the test pixels' variance {relative_error(model, noisy[test], clean[test]):.3f}")
