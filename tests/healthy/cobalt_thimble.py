"""Two noisy views of unlabelled sensor traces pull towards each other; a frozen-feature probe reads the result."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def traces(n, seed, length=64):
    g = torch.Generator().manual_seed(seed)
    kind = torch.randint(4, (n,), generator=g)
    t = torch.linspace(0, 1, length)[None, :]
    f = torch.rand(n, 1, generator=g) * 1.5 + 2.5
    ph = torch.rand(n, 1, generator=g) * 2 * math.pi
    arg = 2 * math.pi * f * t + ph
    saw = (arg / math.pi) % 2 - 1
    bank = torch.stack([arg.sin(), arg.sin().sign(), saw, -saw], 1)
    x = bank[torch.arange(n), kind]
    return x[:, None, :] + 0.55 * torch.randn(n, 1, length, generator=g), kind


def augment(x):
    n, _, length = x.shape
    shift = torch.randint(length, (n, 1))
    idx = (torch.arange(length)[None, :] + shift) % length
    x = x.gather(2, idx[:, None, :])
    x = x * (0.7 + 0.6 * torch.rand(n, 1, 1)) + 0.15 * torch.randn_like(x)
    hole = torch.randint(length - 8, (n, 1))
    pos = torch.arange(length)[None, :]
    return x.masked_fill(((pos >= hole) & (pos < hole + 8))[:, None, :], 0.0)


def conv(i, o, k, s):
    return nn.Sequential(nn.Conv1d(i, o, k, stride=s, padding=k // 2, bias=False), nn.BatchNorm1d(o), nn.ReLU())


class Siamese(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.encoder = nn.Sequential(conv(1, 24, 9, 2), conv(24, 48, 5, 2), conv(48, d, 3, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten())
        self.projector = nn.Sequential(nn.Linear(d, d), nn.BatchNorm1d(d), nn.ReLU(), nn.Linear(d, d), nn.BatchNorm1d(d, affine=False))
        self.predictor = nn.Sequential(nn.Linear(d, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, d))

    def forward(self, a, b):
        za, zb = self.projector(self.encoder(a)), self.projector(self.encoder(b))
        pa, pb = self.predictor(za), self.predictor(zb)
        sim = lambda p, z: F.cosine_similarity(p, z.detach(), dim=1).mean()
        return -0.5 * (sim(pa, zb) + sim(pb, za)), za


def probe(model, x, y, xt, yt):
    """Ridge regression to one-hot on the encoder output, closed form, 80 labelled traces."""
    model.eval()
    with torch.no_grad():
        f, ft = model.encoder(x[:80]), model.encoder(xt)
    model.train()
    mu, sd = f.mean(0), f.std(0) + 1e-5
    f = torch.cat([(f - mu) / sd, torch.ones(80, 1)], 1)
    ft = torch.cat([(ft - mu) / sd, torch.ones(len(xt), 1)], 1)
    w = torch.linalg.solve(f.T @ f + 3.0 * torch.eye(f.shape[1]), f.T @ F.one_hot(y[:80], 4).float())
    return ((ft @ w).argmax(1) == yt).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(31)
    x, y = traces(3000, 1)
    xt, yt = traces(800, 2)
    model = Siamese()
    opt = torch.optim.SGD(model.parameters(), lr=0.08, momentum=0.9, weight_decay=5e-4)
    epochs, bs = 14, 100
    print(f"probe before {probe(model, x, y, xt, yt):.3f}")
    for epoch in range(epochs):
        for grp in opt.param_groups:
            grp["lr"] = 0.08 * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        perm = torch.randperm(len(x))
        tot = spread = 0.0
        for i in range(0, len(x), bs):
            xb = x[perm[i:i + bs]]
            loss, z = model(augment(xb), augment(xb))
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * bs / len(x)
            spread += F.normalize(z.detach(), dim=1).std(0).mean().item() * bs / len(x)
        print(f"epoch {epoch:2d} loss {tot:+.4f} spread {spread:.3f} probe {probe(model, x, y, xt, yt):.3f}")
