# SimCLR: two noisy views, NT-Xent, no labels. Linear probe at the end.
import torch, torch.nn as nn, torch.nn.functional as F
g = torch.Generator().manual_seed(4); torch.manual_seed(4)
proto = torch.randn(8, 1, 8, 8, generator=g).repeat(1, 1, 2, 2)      # eight periodic textures

def images(n):
    y = torch.randint(0, 8, (n,))
    x = torch.stack([torch.roll(proto[k], torch.randint(0, 8, (2,)).tolist(), (1, 2)) for k in y.tolist()])
    return x + 0.8 * torch.randn_like(x), y

def augment(x):
    d = torch.randint(0, 16, (len(x), 2)).tolist()
    x = torch.stack([torch.roll(im, s, (1, 2)) for im, s in zip(x, d)])
    return x * (0.6 + 0.8 * torch.rand(len(x), 1, 1, 1)) + 0.5 * torch.randn_like(x)

def nt_xent(z1, z2, tau=0.3):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / tau
    sim = sim.masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(z1)
    return F.cross_entropy(sim, torch.cat([torch.arange(n) + n, torch.arange(n)]))

enc = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2, padding_mode="circular", bias=False), nn.BatchNorm2d(16), nn.ReLU(),
                    nn.Conv2d(16, 48, 3, 1, 1, padding_mode="circular", bias=False), nn.BatchNorm2d(48), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 32))
proj = nn.Sequential(nn.ReLU(), nn.Linear(32, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16))

def probe_acc():
    enc.eval()
    with torch.no_grad():
        x, y = images(32); xt, yt = images(500)
        a, b = F.normalize(enc(x), dim=1), F.normalize(enc(xt), dim=1)
        mean = torch.stack([a[y == c].mean(0) for c in range(8)])
        acc = ((b @ F.normalize(mean, dim=1).T).argmax(1) == yt).float().mean().item()
    enc.train(); return acc

with torch.no_grad():
    for _ in range(10): enc(images(64)[0])
a0 = probe_acc()
opt = torch.optim.SGD(list(enc.parameters()) + list(proj.parameters()), lr=0.1, momentum=0.9, weight_decay=1e-4)
sch = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 250)
for it in range(250):
    x, _ = images(48)
    loss = nt_xent(proj(enc(augment(x))), proj(enc(augment(x))))
    opt.zero_grad(); loss.backward(); opt.step(); sch.step()
    if it == 0: first = loss.item()
    if it % 50 == 0: print(it, loss.item())
print(f"nearest-centroid accuracy on features {a0:.3f} -> {probe_acc():.3f} (chance 0.125); NT-Xent {first:.2f} -> {loss.item():.2f}")
