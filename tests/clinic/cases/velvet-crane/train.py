# %% [markdown]
# Latent space for little sprites (16x16 silhouettes), to browse them by similarity.

# %%
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)
rng = np.random.RandomState(8)

SIDE, LATENT, BATCH, EPOCHS = 16, 6, 64, 14


# %%
def sprite():
    yy, xx = np.mgrid[0:SIDE, 0:SIDE]
    cx, cy = rng.uniform(5, 10, 2)
    kind = rng.randint(3)
    if kind == 0:
        r = rng.uniform(2.5, 5)
        img = (xx - cx) ** 2 + (yy - cy) ** 2 < r * r
    elif kind == 1:
        w, h = rng.uniform(2, 6, 2)
        img = (abs(xx - cx) < w) & (abs(yy - cy) < h)
    else:
        a = rng.uniform(0, math.pi)
        img = abs((xx - cx) * math.sin(a) - (yy - cy) * math.cos(a)) < 1.6
    return img.astype(np.float32)


sprites = torch.from_numpy(np.stack([sprite() for _ in range(3000)])).unsqueeze(1)
train_x, test_x = sprites[:2600], sprites[2600:]
print("sprites", tuple(sprites.shape), "ink", round(sprites.mean().item(), 3))


# %%
class SpriteVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 16, 96), nn.ReLU(),
        )
        self.to_mu = nn.Linear(96, LATENT)
        self.to_logvar = nn.Linear(96, LATENT)
        self.dec = nn.Sequential(
            nn.Linear(LATENT, 96), nn.ReLU(), nn.Linear(96, 32 * 16), nn.ReLU(),
            nn.Unflatten(1, (32, 4, 4)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        )

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.to_mu(h), self.to_logvar(h)
        z = mu
        if self.training:
            z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def elbo_terms(x, logits, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1).mean()
    return rec, kl


# %%
vae = SpriteVAE()
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)

for epoch in range(EPOCHS):
    vae.train()
    perm = torch.randperm(len(train_x))
    sums = [0.0, 0.0]
    steps = 0
    for i in range(0, len(perm), BATCH):
        x = train_x[perm[i:i + BATCH]]
        rec, kl = elbo_terms(x, *vae(x))
        opt.zero_grad()
        (rec + kl).backward()
        opt.step()
        sums[0] += rec.item()
        sums[1] += kl.item()
        steps += 1
    vae.eval()
    with torch.no_grad():
        logits, mu, _ = vae(test_x)
        pix = ((logits > 0).float() == test_x).float().mean().item()
        hard = (logits > 0)
        inter = (hard & (test_x > 0.5)).sum((1, 2, 3)).float()
        union = (hard | (test_x > 0.5)).sum((1, 2, 3)).float().clamp(min=1)
        iou = (inter / union).mean().item()
    print(f"epoch {epoch:2d}  rec {sums[0] / steps:.4f}  kl {sums[1] / steps:.4f}  "
          f"| test pixels right {pix:.3f}  IoU {iou:.3f}")

# %%
with torch.no_grad():
    d = torch.cdist(mu, mu).fill_diagonal_(float("inf"))
    twin = d.argmin(1)
    print("pixel agreement with the nearest sprite in latent space:",
          round((test_x[twin] == test_x).float().mean().item(), 3))
