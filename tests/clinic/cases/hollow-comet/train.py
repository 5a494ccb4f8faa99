import math
import torch
import torch.nn as nn
import torch.nn.functional as F

SR = 256
FRAME = 16
N_FRAMES = 16


def dct_basis(n):
    k = torch.arange(n).float()
    basis = torch.cos(math.pi / n * (k[None, :] + 0.5) * k[:, None]) * math.sqrt(2.0 / n)
    basis[0] /= math.sqrt(2.0)
    return basis


class Codec(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("basis", dct_basis(FRAME))

    def encode(self, wav):
        frames = wav.view(wav.size(0), N_FRAMES, FRAME)
        return frames @ self.basis.T

    @torch.no_grad()
    def decode(self, z):
        return (z @ self.basis).reshape(z.size(0), N_FRAMES * FRAME)


class LatentEnhancer(nn.Module):
    def __init__(self, d_model=48):
        super().__init__()
        self.inp = nn.Linear(FRAME, d_model)
        self.pos = nn.Parameter(torch.zeros(1, N_FRAMES, d_model))
        self.block = nn.TransformerEncoderLayer(d_model, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.out = nn.Linear(d_model, FRAME)

    def forward(self, z):
        h = self.block(self.inp(z) + self.pos)
        return self.out(h)


def sample_batch(n, gen):
    t = torch.arange(SR).float() / SR
    f0 = torch.rand(n, 1, generator=gen) * 8 + 3
    wav = torch.zeros(n, SR)
    for h in (1, 2, 3):
        a = torch.rand(n, 1, generator=gen) / h
        ph = torch.rand(n, 1, generator=gen) * 2 * math.pi
        wav = wav + a * torch.sin(2 * math.pi * h * f0 * t + ph)
    wav = wav / wav.std(dim=1, keepdim=True)
    noisy = wav + 0.7 * torch.randn(n, SR, generator=gen)
    return noisy, wav


def snr_db(est, ref):
    return (10 * torch.log10(ref.pow(2).sum(1) / (est - ref).pow(2).sum(1))).mean().item()


def train(steps=450, batch_size=48, lr=2e-3, sparsity=1e-3):
    torch.manual_seed(17)
    gen = torch.Generator().manual_seed(17)
    codec = Codec().eval()
    for p in codec.parameters():
        p.requires_grad = False
    net = LatentEnhancer()
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    val_noisy, val_clean = sample_batch(256, gen)
    print("input snr %.2f dB" % snr_db(val_noisy, val_clean))
    for step in range(1, steps + 1):
        noisy, clean = sample_batch(batch_size, gen)
        z = net(codec.encode(noisy))
        wav = codec.decode(z)
        recon = F.l1_loss(wav, clean)
        loss = recon + sparsity * z.abs().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            with torch.no_grad():
                est = codec.decode(net(codec.encode(val_noisy)))
            print("step %4d  l1 %.4f  total %.4f  val snr %.2f dB" % (step, recon.item(), loss.item(), snr_db(est, val_clean)))


if __name__ == "__main__":
    train()
