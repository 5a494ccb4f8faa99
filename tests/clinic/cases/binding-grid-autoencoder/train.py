# Autoencoder of atom-density grids (flattened), latent size from the command line.
import sys
import torch
import torch.nn as nn

LATENT = int(sys.argv[1]) if len(sys.argv) > 1 else 2
torch.manual_seed(18)


def density_grids(n, atoms=14):
    """Each pocket is a mix of fourteen independent sites on a 6x6x6 grid."""
    g = torch.Generator().manual_seed(1)
    centers = torch.rand(atoms, 3, generator=g) * 5
    axis = torch.arange(6.)
    pts = torch.stack(torch.meshgrid(axis, axis, axis, indexing='ij'), -1).view(-1, 3)
    site = torch.exp(-((pts[None] - centers[:, None]) ** 2).sum(-1) / 1.5)
    occ = torch.randn(n, atoms)
    grids = occ @ site
    return grids / grids.std()


class GridAE(nn.Module):
    def __init__(self, size, latent):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(size, 128), nn.ELU(), nn.Linear(128, latent))
        self.decode = nn.Sequential(nn.Linear(latent, 128), nn.ELU(), nn.Linear(128, size))

    def forward(self, g):
        return self.decode(self.encode(g))


grids = density_grids(3000)
model = GridAE(216, LATENT)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
for epoch in range(8):
    for rows in torch.randperm(2600).split(52):
        optimizer.zero_grad()
        loss = mse(model(grids[rows]), grids[rows])
        loss.backward()
        optimizer.step()
    print(f'epoch {epoch + 1} reconstruction {loss.item():.4f}')
with torch.no_grad():
    print(f'test reconstruction mse {mse(model(grids[2600:]), grids[2600:]).item():.3f} (variance {grids[2600:].var(0).mean().item():.3f})')
