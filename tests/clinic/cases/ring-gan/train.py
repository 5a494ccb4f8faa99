"""A small GAN for points on a ring of radius 2."""
import math
import torch
import torch.nn as nn

torch.manual_seed(6)
Z, BATCH, STEPS = 4, 64, 800


def real_points(n):
    a = torch.rand(n) * 2 * math.pi
    r = 2 + 0.1 * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1)


G = nn.Sequential(nn.Linear(Z, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
optimizer_G = torch.optim.RMSprop(G.parameters(), lr=1e-3)
optimizer_D = torch.optim.SGD(D.parameters(), lr=2e-2)
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

for step in range(1, STEPS + 1):
    real = real_points(BATCH)
    fake = G(torch.randn(BATCH, Z))

    d_loss = bce(D(real), ones) + bce(D(fake.detach()), zeros)
    d_loss.backward()
    optimizer_D.step()

    optimizer_G.zero_grad()
    g_loss = bce(D(fake), ones)
    g_loss.backward()
    optimizer_G.step()

    if step % 150 == 0:
        print(f'step {step:4d}  d {d_loss.item():.3f}  g {g_loss.item():.3f}')

with torch.no_grad():
    pts = G(torch.randn(2000, Z))
    ref = real_points(2000)
    dirs = torch.randn(2, 40)
    dirs = dirs / dirs.norm(dim=0)
    swd = ((pts @ dirs).sort(0)[0] - (ref @ dirs).sort(0)[0]).abs().mean().item()
print(f'sliced Wasserstein distance {swd:.3f} (a point at the origin: {(ref @ dirs).abs().mean().item():.3f})')
