import torch
from torch import nn

torch.manual_seed(123)
latent = 4


def real_batch(n):
    """A bent cloud, away from the origin."""
    x = torch.randn(n, 1)
    y = 0.5 * (x * x - 1) + 0.2 * torch.randn(n, 1)
    return torch.cat([x + 1.5, y - 1.0], 1)


G = nn.Sequential(nn.Linear(latent, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=3e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()


def sliced_distance(n=1000):
    """Mean distance of the sorted projections: how far the generated cloud is from the real one."""
    with torch.no_grad():
        fake, real = G(torch.randn(n, latent)), real_batch(n)
        dirs = nn.functional.normalize(torch.randn(2, 64), dim=0)
        return ((fake @ dirs).sort(0).values - (real @ dirs).sort(0).values).abs().mean().item()


print(f"before training: sliced distance {sliced_distance():.3f}")
for it in range(1, 601):
    real = real_batch(64)
    fake = G(torch.randn(64, latent))

    opt_d.zero_grad()
    loss_d = 0.5 * (bce(D(real), torch.ones(64, 1)) + bce(D(fake.detach()), torch.zeros(64, 1)))
    loss_d.backward()
    opt_d.step()

    opt_g.zero_grad()
    loss_g = bce(D(fake), torch.ones(64, 1))
    loss_g.backward()
    opt_g.step()

    if it % 100 == 0:
        print(f"iter {it}: D {loss_d.item():.3f}  G {loss_g.item():.3f}  sliced distance {sliced_distance():.3f}")
