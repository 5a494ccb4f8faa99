"""Vector-quantised autoencoder: straight-through gradient, codebook and commitment terms with their detach()."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(139)
PATCH, CODES, DIM = 25, 32, 8


def strokes(n):
    """5 x 5 patches with one straight edge of random angle, place and contrast."""
    ax = torch.linspace(-1, 1, 5)
    yy, xx = torch.meshgrid(ax, ax, indexing="ij")
    angle = 6.2832 * torch.rand(n, 1, 1)
    edge = torch.tanh(4 * (xx * angle.cos() + yy * angle.sin() - 0.8 * (torch.rand(n, 1, 1) - 0.5)))
    return (edge * (0.7 + 0.6 * torch.rand(n, 1, 1)) + 0.1 * torch.randn(n, 5, 5)).flatten(1)


class VectorQuantizer(nn.Module):
    def __init__(self, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(CODES, DIM)
        self.beta = beta

    def forward(self, z):
        index = torch.cdist(z, self.codebook.weight).argmin(1)
        q = self.codebook(index)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, index


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(PATCH, 48), nn.ReLU(), nn.Linear(48, DIM), nn.LayerNorm(DIM, elementwise_affine=False))
        self.vq = VectorQuantizer()
        self.decoder = nn.Sequential(nn.Linear(DIM, 48), nn.ReLU(), nn.Linear(48, PATCH))

    def forward(self, x):
        q, vq_loss, index = self.vq(self.encoder(x))
        return self.decoder(q), vq_loss, index


model = VQVAE()
with torch.no_grad():                              # codes start on what the encoder says of some patches
    model.vq.codebook.weight.copy_(model.encoder(strokes(CODES)))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
test = strokes(1000)
for step in range(401):
    x = strokes(64)
    recon, vq_loss, _ = model(x)
    loss = F.mse_loss(recon, x) + vq_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        with torch.no_grad():
            recon, _, index = model(test)
        print(f"step {step:3d}: reconstruction {F.mse_loss(recon, test).item():.4f} of {test.var().item():.3f}, {index.unique().numel()} codes in use")
