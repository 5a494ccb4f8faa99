import math
import torch
import torch.nn as nn


def signals(n, length=96, gen=None):
    t = torch.arange(length).float() / length
    amp = torch.rand(n, 3, 1, generator=gen) * 1.5 + 0.2
    freq = torch.tensor([1.0, 2.5, 6.0]).view(1, 3, 1)
    phase = torch.rand(n, 3, 1, generator=gen) * 2 * math.pi
    clean = (amp * torch.cos(2 * math.pi * freq * t + phase)).sum(1)
    return clean


class LinAutoencoder(nn.Module):
    def __init__(self, length, z_dim):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(length, 4 * z_dim), nn.ReLU(),
            nn.Linear(4 * z_dim, z_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(z_dim, 4 * z_dim), nn.ReLU(),
            nn.Linear(4 * z_dim, length),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def batches(data, noise, size, gen):
    while True:
        idx = torch.randint(0, len(data), (size,), generator=gen)
        x = data[idx]
        yield x + noise * torch.randn(x.shape, generator=gen), x


gen = torch.Generator().manual_seed(4)
torch.manual_seed(4)
data = signals(4000, gen=gen)
mean, std = data.mean(), data.std()
data = (data - mean) / std
held_out = (signals(500, gen=gen) - mean) / std

model = LinAutoencoder(96, 24)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()

stream = batches(data, 0.3, 128, gen)
for it in range(1, 1501):
    noisy, clean = next(stream)
    loss = mse(model(noisy), clean)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        with torch.no_grad():
            test = mse(model(held_out + 0.3 * torch.randn(held_out.shape, generator=gen)), held_out).item()
        print(f"iter {it}: mse {loss.item():.4f}  held-out {test:.4f}")
