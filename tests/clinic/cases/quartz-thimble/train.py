from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

patches = torch.from_numpy(np.load(Path(__file__).with_name("data") / "patches.npy").astype(np.float32)).flatten(1)
train, held = patches[:560], patches[560:]


def encoder(z):
    return nn.Sequential(nn.Linear(144, 64), nn.ReLU(), nn.Linear(64, z))


def decoder(z):
    return nn.Sequential(nn.Linear(z, 64), nn.ReLU(), nn.Linear(64, 144), nn.Sigmoid())


class AutoEncoder(nn.Module):
    def __init__(self, z=10):
        super().__init__()
        self.enc, self.dec = encoder(z), decoder(z)

    def forward(self, x):
        return self.dec(self.enc(x))


def explained(model):
    with torch.no_grad():
        res = (model(held) - held).pow(2).sum()
    return 1 - (res / (held - held.mean(0)).pow(2).sum()).item()


torch.manual_seed(6)
ae = AutoEncoder()
optimizer = torch.optim.Adam(ae.parameters(), lr=3e-3)
loader = DataLoader(train, batch_size=28, shuffle=True)
for epoch in range(30):
    seen = 0.0
    for x in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(ae(x), x)
        loss.backward()
        optimizer.step()
        seen += loss.item()
    if epoch % 3 == 0 or epoch == 29:
        print(f"epoch {epoch:02d}  mse {seen / len(loader):.5f}  explained variance {explained(ae):.3f}")
