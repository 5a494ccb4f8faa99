import math
import torch
import torch.nn as nn

torch.manual_seed(5)

# GAN for points on a ring of 6 Gaussians
def real_batch(n):
    k = torch.randint(0, 6, (n,)).float() * (2 * math.pi / 6)
    return torch.stack([k.cos(), k.sin()], 1) * 2 + 0.15 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
B = 128


def mean_distance():
    with torch.no_grad():
        fake = G(torch.randn(600, 8))
        ang = torch.arange(6).float() * (2 * math.pi / 6)
        centers = torch.stack([ang.cos(), ang.sin()], 1) * 2
        dist, which = torch.cdist(fake, centers).min(1)
    return dist.mean().item(), (torch.bincount(which[dist < 0.6], minlength=6) > 20).sum().item()


first = mean_distance()
for step in range(1, 1201):
    real = real_batch(B)
    fake = G(torch.randn(B, 8))
    d_loss = bce(D(real), torch.ones(B, 1)) + bce(D(fake.detach()), torch.zeros(B, 1))
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = bce(D(fake), torch.ones(B, 1))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if step % 150 == 0:
        print(f"step {step} D loss {d_loss.item():.3f} G loss {g_loss.item():.3f} mean distance to a mode {mean_distance()[0]:.3f}")

last = mean_distance()
print(f"mean distance to the next mode: {first[0]:.3f} -> {last[0]:.3f}, modes reached {first[1]} -> {last[1]} of 6")
