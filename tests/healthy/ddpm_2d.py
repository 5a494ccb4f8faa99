"""DDPM in two dimensions. The target of the regression is fresh noise, so the loss never nears zero."""
import math
import torch
import torch.nn as nn

torch.manual_seed(1)
T = 50
betas = torch.linspace(1e-3, 0.12, T)
abar = torch.cumprod(1 - betas, 0)


def spiral(n):
    t = torch.rand(n).sqrt() * 2 * math.pi
    return torch.stack([t.cos() * t, t.sin() * t], 1) / 4 + 0.02 * torch.randn(n, 2)


class Denoiser(nn.Module):
    def __init__(self, h=128):
        super().__init__()
        self.register_buffer("freqs", 2.0 ** torch.arange(6))
        self.l1, self.l2, self.l3, self.out = nn.Linear(2 + 12, h), nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 2)

    def forward(self, x, t):
        u = (t.float() / T)[:, None] * self.freqs
        h = torch.cat([x, u.sin(), u.cos()], 1)
        h = nn.functional.silu(self.l1(h))
        h = h + nn.functional.silu(self.l2(h))
        h = h + nn.functional.silu(self.l3(h))
        return self.out(h)


net, ema = Denoiser(), None
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
ema = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98))
for it in range(600):
    x0 = spiral(512)
    t = torch.randint(0, T, (512,))
    eps = torch.randn_like(x0)
    xt = abar[t, None].sqrt() * x0 + (1 - abar[t, None]).sqrt() * eps
    loss = (net(xt, t) - eps).square().mean()
    opt.zero_grad(); loss.backward(); opt.step(); ema.update_parameters(net)
    if it % 100 == 0: print(f"{it} eps-mse {loss.item():.3f}")


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        e = model(x, torch.full((n,), i))
        x = (x - betas[i] / (1 - abar[i]).sqrt() * e) / (1 - betas[i]).sqrt()
        if i: x = x + betas[i].sqrt() * torch.randn_like(x)
    return x


fake, ref, gauss = sample(ema, 1000), spiral(1000), None
gauss = torch.randn(1000, 2) * ref.std(0) + ref.mean(0)
near = lambda a: torch.cdist(a, ref).min(1).values.mean().item()
with torch.no_grad():
    x0 = spiral(4000); t = torch.randint(0, T, (4000,)); eps = torch.randn_like(x0)
    m = (ema(abar[t, None].sqrt() * x0 + (1 - abar[t, None]).sqrt() * eps, t) - eps).square().mean().item()
print(f"eps-mse {m:.3f} (zero predictor 1.0); distance of samples to data {near(fake):.3f}, of a fitted Gaussian {near(gauss):.3f}, of data {near(spiral(1000)):.3f}")
