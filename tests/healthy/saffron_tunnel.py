import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(13)
SCALES = (0.25, 0.7, 2.0)


def ring(n):
    a = torch.randint(5, (n,)) * (torch.pi / 2.5)
    return 2 * torch.stack([a.cos(), a.sin()], 1) + 0.2 * torch.randn(n, 2)


def spread(a, b):
    d2 = (a[:, None] - b[None]).pow(2).sum(-1)
    return sum(d2 / (d2 + s * s) for s in SCALES)


def energy(p, q):
    n, m = len(p), len(q)
    return 2 * spread(p, q).mean() - spread(p, p).sum() / (n * (n - 1)) - spread(q, q).sum() / (m * (m - 1))


class Sampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 96)
        self.b = nn.Linear(96, 96)
        self.c = nn.Linear(96, 2)

    def forward(self, n):
        h = F.elu(self.a(torch.randn(n, 4)))
        return self.c(F.elu(self.b(h) + h))


net = Sampler()
average = Sampler()
average.load_state_dict(net.state_dict())
average.requires_grad_(False)
opt = torch.optim.Adam(net.parameters(), lr=3e-3, betas=(0.5, 0.99))
reference = ring(1500)


@torch.no_grad()
def audit(model):
    s = model(1500)
    a = torch.arange(5) * (torch.pi / 2.5)
    hub = 2 * torch.stack([a.cos(), a.sin()], 1)
    near = torch.cdist(s, hub).min(1)
    share = torch.bincount(near.indices[near.values < 0.7], minlength=5) / len(s)
    return energy(s, reference).item(), near.values.mean().item(), (share > 0.1).sum().item()


for step in range(501):
    if step % 100 == 0:
        e, d, m = audit(average if step else net)
        print(f"{step} energy {e:.4f} distance to hub {d:.3f} hubs {m}")
    loss = energy(net(192), ring(192))
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), net.parameters()):
            slow.lerp_(fast, 0.03)
