import torch
import torch.nn as nn

torch.manual_seed(13)
levels = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])


def make(n):
    x = 4 * torch.rand(n, 1) - 2
    return x, torch.sin(2 * x) + (0.15 + 0.35 * x.abs()) * torch.randn(n, 1)


model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 5))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 600, eta_min=3e-4)
vx, vy = make(5000)


def pinball(q, y):
    d = y - q
    return torch.maximum(levels * d, (levels - 1) * d).mean()


for step in range(501):
    x, y = make(128)
    opt.zero_grad()
    loss = pinball(model(x), y)
    loss.backward()
    opt.step()
    sched.step()
    if step % 100 == 0:
        with torch.no_grad():
            q = model(vx)
            cover = (vy <= q).float().mean(0)
        print(f"step {step} loss {pinball(q, vy).item():.4f} worst gap of coverage {(cover - levels).abs().max().item():.3f}", [round(c, 2) for c in cover.tolist()])
