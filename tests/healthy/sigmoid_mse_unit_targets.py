"""Un petit réseau apprend une image : coordonnées en entrée, niveaux de gris entre 0 et 1 en sortie."""
import math

import torch
from torch import nn

torch.manual_seed(37)
cote = 48
axe = torch.linspace(-1, 1, cote)
yy, xx = torch.meshgrid(axe, axe, indexing="ij")
image = 0.5 + 0.25 * torch.sin(3 * xx + 2 * yy ** 2) + 0.25 * torch.exp(-8 * ((xx - 0.3) ** 2 + (yy + 0.2) ** 2))
image[(xx + 0.4) ** 2 + (yy - 0.4) ** 2 < 0.08] = 0.05
image = image.clamp(0, 1)

freq = torch.randn(2, 16) * 1.5                      # caractéristiques de Fourier


def coder(xy):
    phase = math.pi * xy @ freq
    return torch.cat([phase.sin(), phase.cos()], dim=-1)


reseau = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())
optimiseur = torch.optim.Adam(reseau.parameters(), lr=3e-3)
coord = torch.stack([xx, yy], -1).reshape(-1, 2)
gris = image.reshape(-1, 1)

for it in range(301):
    idx = torch.randint(0, len(coord), (256,))
    sortie = reseau(coder(coord[idx]))
    perte = ((sortie - gris[idx]) ** 2).mean()
    optimiseur.zero_grad()
    perte.backward()
    optimiseur.step()
    if it % 60 == 0:
        with torch.no_grad():
            eqm = ((reseau(coder(coord)) - gris) ** 2).mean().item()
        print(f"itération {it:3d}  perte {perte.item():.5f}  PSNR {-10 * math.log10(eqm):.1f} dB")
