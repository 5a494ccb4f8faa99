import math
import torch
import torch.nn as nn

torch.manual_seed(0)

nz, ngf, ndf = 8, 64, 64
batch_size = 128
niter = 1500
lr = 1e-3
beta1 = 0.5

# star positions in a ring cluster, eight clumps
angles = torch.arange(8) * (2 * math.pi / 8)
centers = 2.0 * torch.stack([torch.cos(angles), torch.sin(angles)], 1)


def real_batch(n):
    k = torch.randint(0, 8, (n,))
    return centers[k] + 0.15 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(nz, ngf), nn.ReLU(True),
            nn.Linear(ngf, ngf), nn.ReLU(True),
            nn.Linear(ngf, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, ndf), nn.LeakyReLU(0.2),
            nn.Linear(ndf, ndf), nn.LeakyReLU(0.2),
            nn.Linear(ndf, 1))

    def forward(self, x):
        return self.main(x).view(-1)


def quality(netG, n=2000):
    with torch.no_grad():
        fake = netG(torch.randn(n, nz))
        d = torch.cdist(fake, centers)
        near, which = d.min(1)
        ok = near < 0.5
        clumps = len(set(which[ok].tolist()))
    return ok.float().mean().item(), clumps


netG, netD = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=lr, betas=(beta1, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=lr, betas=(beta1, 0.999))

print("start: share near a clump %.3f, clumps hit %d" % quality(netG))
for i in range(niter):
    # (1) update D: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    real = real_batch(batch_size)
    label = torch.full((batch_size,), 1.0)
    errD_real = criterion(netD(real), label)
    errD_real.backward()

    noise = torch.randn(batch_size, nz)
    fake = netG(noise)
    label.fill_(0.0)
    out = netD(fake.detach())
    errD_fake = criterion(out, label)
    errD_fake.backward()
    D_G_z1 = torch.sigmoid(out).mean().item()
    optimizerD.step()

    # (2) update G: maximize log(D(G(z)))
    netG.zero_grad()
    label.fill_(1.0)
    out = netD(fake)
    errG = criterion(out, label)
    errG.backward()
    D_G_z2 = torch.sigmoid(out).mean().item()
    optimizerG.step()

    if (i + 1) % 100 == 0:
        share, clumps = quality(netG)
        print("[%d/%d] Loss_D: %.4f Loss_G: %.4f D(G(z)): %.3f / %.3f  near clump %.3f  clumps %d" % (
            i + 1, niter, errD_real.item() + errD_fake.item(), errG.item(), D_G_z1, D_G_z2, share, clumps))
