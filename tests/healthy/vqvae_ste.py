import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(10)
# 1-D signals of 64 samples made of 8 glued motifs out of a dictionary of 12
MOTIFS = torch.randn(12, 8)
def signals(n):
    k = torch.randint(0, 12, (n, 8))
    return (MOTIFS[k].reshape(n, 64) + 0.1 * torch.randn(n, 64))[:, None]


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes=32, dim=8, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        self.codebook.weight.data.normal_(0, 0.5)
        self.beta = beta

    def forward(self, z):                               # z: (B, D, L)
        flat = z.permute(0, 2, 1)
        d = torch.cdist(flat.reshape(-1, z.size(1)), self.codebook.weight)
        idx = d.argmin(1)
        q = self.codebook(idx).view_as(flat)
        loss = F.mse_loss(q, flat.detach()) + self.beta * F.mse_loss(flat, q.detach())
        q = flat + (q - flat).detach()                  # straight-through
        return q.permute(0, 2, 1), loss, idx


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv1d(1, 32, 8, stride=8), nn.ReLU(), nn.Conv1d(32, 8, 1))
        self.vq = VectorQuantizer()
        self.decoder = nn.Sequential(nn.Conv1d(8, 32, 1), nn.ReLU(), nn.ConvTranspose1d(32, 1, 8, stride=8))

    def forward(self, x):
        q, l, idx = self.vq(self.encoder(x))
        return self.decoder(q), l, idx


model = VQVAE()
with torch.no_grad():                                   # start the code vectors at real encodings
    z = model.encoder(signals(64)).permute(0, 2, 1).reshape(-1, 8)
    model.vq.codebook.weight.copy_(z[torch.randperm(len(z))[:32]])
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
for i in range(500):
    x = signals(64)
    out, vq_loss, idx = model(x)
    rec = F.mse_loss(out, x)
    (rec + vq_loss).backward()
    opt.step()
    opt.zero_grad()
    if i % 100 == 0:
        print(f"iter {i} rec {rec.item():.4f} vq {vq_loss.item():.4f} codes used {idx.unique().numel()}")
with torch.no_grad():
    x = signals(500)
    e = F.mse_loss(model(x)[0], x).item()
print(f"fresh signals: reconstruction mse {e:.4f}, variance {x.var().item():.4f}, explained {1 - e / x.var().item():.3f}")
