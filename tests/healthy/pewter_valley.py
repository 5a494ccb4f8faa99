import copy
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Opts:
    ids: int = 12
    dim: int = 20
    nuisance: int = 8
    per_id: int = 60
    p: int = 8
    k: int = 4
    margin: float = 0.3
    decay: float = 0.97
    steps: int = 400
    lr: float = 2e-3


class Embedder(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.mix = nn.Linear(o.dim, 64)
        self.mix.requires_grad_(False)
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return F.normalize(self.net(torch.tanh(self.mix(x))), dim=1)


def people(o, g, core, noise_dirs):
    y = torch.arange(o.ids).repeat_interleave(o.per_id)
    x = core[y] + 2.0 * torch.randn(len(y), o.nuisance, generator=g) @ noise_dirs
    return x + 0.2 * torch.randn(x.shape, generator=g), y


def triplets(e, y, margin):
    d = 2 - 2 * e @ e.T
    same = y[:, None] == y[None]
    gap = d[:, :, None] - d[:, None, :] + margin
    use = (same & ~torch.eye(len(y), dtype=torch.bool))[:, :, None] & ~same[:, None, :]
    v = torch.relu(gap)[use]
    return v.sum() / (v > 0).sum().clamp_min(1)


@torch.no_grad()
def rank1(net, gallery, query):
    a, b = net(gallery[0]), net(query[0])
    return (gallery[1][(b @ a.T).argmax(1)] == query[1]).float().mean().item()


def main(o=Opts()):
    torch.manual_seed(40)
    g = torch.Generator().manual_seed(40)
    core = torch.randn(o.ids, o.dim, generator=g)
    dirs = torch.randn(o.nuisance, o.dim, generator=g) / 2
    gallery, query = people(o, g, core, dirs), people(o, g, core, dirs)
    net = Embedder(o)
    slow = copy.deepcopy(net).eval()
    optim = torch.optim.Adam((q for q in net.parameters() if q.requires_grad), lr=o.lr)
    for step in range(o.steps + 1):
        who = torch.randperm(o.ids, generator=g)[:o.p]
        rows = torch.cat([w * o.per_id + torch.randperm(o.per_id, generator=g)[:o.k] for w in who])
        loss = triplets(net(gallery[0][rows]), gallery[1][rows], o.margin)
        optim.zero_grad()
        loss.backward()
        optim.step()
        with torch.no_grad():
            for s, f in zip(slow.parameters(), net.parameters()):
                s.mul_(o.decay).add_(f, alpha=1 - o.decay)
        if step % 50 == 0:
            print(f"{step} loss {loss.item():.4f} rank-1 (averaged net) {rank1(slow, gallery, query):.3f}")


if __name__ == "__main__":
    main()
