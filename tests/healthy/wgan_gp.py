"""Wasserstein GAN with gradient penalty: several critic steps per generator step, a second-order gradient inside."""
import torch
from torch import autograd, nn

torch.manual_seed(163)
LATENT, N_CRITIC, LAMBDA = 3, 4, 2.0
critic = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))
generator = nn.Sequential(nn.Linear(LATENT, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
opt_c = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))
opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))


def ring(n):
    angle = 6.2832 * torch.rand(n)
    radius = 1.5 + 0.1 * torch.randn(n)
    return torch.stack([radius * angle.cos() + 1.0, radius * angle.sin()], 1)


def gradient_penalty(real, fake):
    mix = torch.rand(len(real), 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    score = critic(between)
    slope, = autograd.grad(score, between, torch.ones_like(score), create_graph=True, retain_graph=True)
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


@torch.no_grad()
def distance(n=1000):
    fake, real = generator(torch.randn(n, LATENT)), ring(n)
    dirs = nn.functional.normalize(torch.randn(2, 32), dim=0)
    return ((fake @ dirs).sort(0).values - (real @ dirs).sort(0).values).abs().mean().item()


print(f"untrained: sliced distance {distance():.3f}")
for iteration in range(1, 241):
    for _ in range(N_CRITIC):
        real = ring(64)
        fake = generator(torch.randn(64, LATENT)).detach()
        loss_c = critic(fake).mean() - critic(real).mean() + LAMBDA * gradient_penalty(real, fake)
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()
    loss_g = -critic(generator(torch.randn(64, LATENT))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if iteration % 40 == 0:
        print(f"iteration {iteration}: critic {loss_c.item():+.3f}, generator {loss_g.item():+.3f}, sliced distance {distance():.3f}")
