# Inverse problem: the only thing that is optimised is the picture itself.
import torch
import torch.nn.functional as F

torch.manual_seed(0)


def picture(n=48):
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, n), torch.linspace(-1, 1, n), indexing="ij")
    img = 0.2 + 0.6 * ((xx + 0.3) ** 2 + (yy - 0.2) ** 2 < 0.16).float()
    img += 0.3 * ((xx - 0.4).abs() < 0.2).float() * ((yy + 0.3).abs() < 0.4).float()
    return img.clamp(0, 1)[None, None]


def psf(size=7, s=1.6):
    a = torch.arange(size) - size // 2
    g = torch.exp(-a.float() ** 2 / (2 * s * s))
    k = g[:, None] * g[None]
    return (k / k.sum())[None, None]


truth = picture()
kernel = psf()
degrade = lambda im: F.conv2d(F.pad(im, (3, 3, 3, 3), mode="reflect"), kernel)
observed = degrade(truth) + 0.01 * torch.randn_like(truth)

estimate = observed.clone().requires_grad_(True)


def tv(im):
    dx = im[..., :, 1:] - im[..., :, :-1]
    dy = im[..., 1:, :] - im[..., :-1, :]
    return (dx.square() + 1e-6).sqrt().mean() + (dy.square() + 1e-6).sqrt().mean()


optimizer = torch.optim.Adam([estimate], lr=0.02)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
psnr = lambda a, b: (-10 * torch.log10((a - b).square().mean())).item()
for step in range(500):
    optimizer.zero_grad()
    fidelity = (degrade(estimate) - observed).square().mean()
    loss = fidelity + 2e-3 * tv(estimate)
    loss.backward()
    optimizer.step()
    sched.step()
    with torch.no_grad():
        estimate.clamp_(0, 1)
    if step % 100 == 0:
        print(step, f"loss {loss.item():.6f} psnr {psnr(estimate.detach(), truth):.2f} dB")
print(f"PSNR of the restored picture {psnr(estimate.detach(), truth):.2f} dB, of the blurred one {psnr(observed, truth):.2f} dB")
