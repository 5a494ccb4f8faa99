"""WGAN-GP on a ring of eight Gaussians. Critic gets several updates for each one of the generator."""
import math
import torch
from torch import nn, autograd

torch.manual_seed(0)
N_CRITIC, LAMBDA, B = 3, 1.0, 128


def real(n):
    k = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) + 0.03 * torch.randn(n, 2)


def mlp(i, o, h=64):
    return nn.Sequential(nn.Linear(i, h), nn.LeakyReLU(0.1), nn.Linear(h, h), nn.LeakyReLU(0.1), nn.Linear(h, o))


G, D = mlp(4, 2), mlp(2, 1)
optG = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.0, 0.9))
optD = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.9))


def penalty(a, b):
    t = torch.rand(len(a), 1)
    m = (t * a + (1 - t) * b).requires_grad_(True)
    (g,) = autograd.grad(D(m).sum(), m, create_graph=True)
    return (g.norm(dim=1) - 1).clamp_min(0).square().mean()


@torch.no_grad()
def sliced_w(a, b, n=64):
    th = torch.rand(n) * math.pi
    dirs = torch.stack([th.cos(), th.sin()])
    return ((a @ dirs).sort(0).values - (b @ dirs).sort(0).values).abs().mean().item()


before = sliced_w(G(torch.randn(2000, 4)), real(2000))
for it in range(150):
    for _ in range(N_CRITIC):
        x, f = real(B), G(torch.randn(B, 4)).detach()
        lossD = D(f).mean() - D(x).mean() + LAMBDA * penalty(x, f)
        optD.zero_grad(set_to_none=True)
        lossD.backward()
        optD.step()
    lossG = -D(G(torch.randn(B, 4))).mean()
    optG.zero_grad(set_to_none=True)
    lossG.backward()
    optG.step()
    if it % 30 == 0:
        print(f"{it}: D {lossD.item():+.3f}  G {lossG.item():+.3f}")
after = sliced_w(G(torch.randn(2000, 4)), real(2000))
print(f"sliced Wasserstein to fresh real samples: {before:.3f} -> {after:.3f} (sampling noise {sliced_w(real(2000), real(2000)):.3f})")
