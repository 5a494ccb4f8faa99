import json
import os
from types import SimpleNamespace

import torch
import torch.nn as nn
import torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
cfg = SimpleNamespace(**json.load(open(os.path.join(here, "config.json"))))
torch.manual_seed(cfg.seed)

# ---------------------------------------------------------------- instruments
# Each device has a signature; a recording is the signature seen through a
# random gain, a phase and noise.  The embedding should tell devices apart.
gen = torch.Generator().manual_seed(cfg.seed + 1)
t = torch.linspace(0, 1, cfg.length)


def signature_bank(n):
    amp = torch.rand(n, cfg.harmonics, generator=gen) ** 2
    return amp / amp.norm(dim=1, keepdim=True)


def record(amps):
    n = amps.size(0)
    phase = 6.283 * torch.rand(n, cfg.harmonics, generator=gen)
    k = torch.arange(1, cfg.harmonics + 1).float()
    waves = torch.sin(6.283 * k[None, :, None] * t[None, None, :] + phase[:, :, None])
    gain = 0.7 + 0.6 * torch.rand(n, 1, generator=gen)
    x = gain * (amps[:, :, None] * waves).sum(1)
    return x + cfg.noise * torch.randn(x.shape, generator=gen)


def spectrum(x):
    return torch.log1p(torch.fft.rfft(x).abs()[:, 1:cfg.bins + 1])


train_bank = signature_bank(cfg.devices)
test_bank = signature_bank(cfg.devices)


def sample_triplets(bank, n):
    a = torch.randint(0, len(bank), (n,), generator=gen)
    shift = torch.randint(1, len(bank), (n,), generator=gen)
    b = (a + shift) % len(bank)
    return spectrum(record(bank[a])), spectrum(record(bank[a])), spectrum(record(bank[b]))


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(cfg.bins, cfg.width), nn.ReLU(),
            nn.Linear(cfg.width, cfg.width), nn.ReLU(),
            nn.Linear(cfg.width, cfg.dim),
        )

    def forward(self, x):
        return F.normalize(self.body(x), dim=-1)


net = Embedder()
optimizer = torch.optim.Adam(net.parameters(), lr=cfg.lr)


def embed_triplets(a, p, n):
    stacked = torch.cat([a, p, n], dim=0)
    z = net(stacked)
    z = z.view(a.size(0), 3, -1)
    return z[:, 0], z[:, 1], z[:, 2]


@torch.no_grad()
def verification_accuracy(bank, n=1000):
    a, p, q = (net(v) for v in sample_triplets(bank, n))
    return ((a - p).norm(dim=1) < (a - q).norm(dim=1)).float().mean().item()


print("before training: triplet accuracy %.3f" % verification_accuracy(test_bank))
for step in range(1, cfg.steps + 1):
    za, zp, zn = embed_triplets(*sample_triplets(train_bank, cfg.batch))
    loss = F.triplet_margin_loss(za, zp, zn, margin=cfg.margin)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % cfg.log_every == 0:
        print(f"step {step:4d}  triplet {loss.item():.4f}  "
              f"unseen devices: {verification_accuracy(test_bank):.3f}")
