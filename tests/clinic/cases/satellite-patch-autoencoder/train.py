import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CFG = dict(patches=1600, size=12, latent=10, lr=2e-3, epochs=8, batch=50, seed=4)


def load_patches(cfg):
    """Smooth reflectance patches from a few land-cover spectra; standardised with the data set's statistics."""
    rng = np.random.default_rng(cfg['seed'])
    yy, xx = np.mgrid[0:cfg['size'], 0:cfg['size']] / cfg['size']
    basis = np.stack([np.ones_like(xx), xx, yy, xx * yy, np.sin(6 * xx), np.cos(6 * yy)])
    coef = rng.normal(size=(cfg['patches'], 6)) * np.array([1.5, 2, 2, 1, .8, .8])
    patches = np.tensordot(coef, basis, 1) + 0.1 * rng.normal(size=(cfg['patches'], cfg['size'], cfg['size']))
    patches = (patches - patches.mean()) / patches.std()
    return torch.tensor(patches, dtype=torch.float32).unsqueeze(1)


class Encoder(nn.Module):
    def __init__(self, size, latent):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.c2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * (size // 4) ** 2, latent)

    def forward(self, x):
        return self.fc(F.leaky_relu(self.c2(F.leaky_relu(self.c1(x), 0.1)), 0.1).flatten(1))


class Decoder(nn.Module):
    def __init__(self, size, latent):
        super().__init__()
        self.size = size
        self.fc1 = nn.Linear(latent, 96)
        self.fc2 = nn.Linear(96, size * size)

    def forward(self, z):
        x = self.fc2(F.leaky_relu(self.fc1(z), 0.1))
        return torch.sigmoid(x).view(-1, 1, self.size, self.size)


torch.manual_seed(CFG['seed'])
patches = load_patches(CFG)
train, test = patches[:1400], patches[1400:]
enc, dec = Encoder(CFG['size'], CFG['latent']), Decoder(CFG['size'], CFG['latent'])
optimizer = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=CFG['lr'])

for epoch in range(CFG['epochs']):
    losses = []
    for batch in torch.split(train[torch.randperm(len(train))], CFG['batch']):
        recon = dec(enc(batch))
        loss = F.mse_loss(recon, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f'epoch {epoch + 1:2d}  recon {np.mean(losses):.4f}')

with torch.no_grad():
    print(f'test reconstruction mse {F.mse_loss(dec(enc(test)), test).item():.3f} (variance {test.var().item():.3f})')
