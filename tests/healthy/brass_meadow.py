import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Cfg:
    slots: int = 3
    points: int = 24
    dim: int = 48
    rounds: int = 3
    batch: int = 64
    steps: int = 320
    lr: float = 1e-3


class SlotReader(nn.Module):
    def __init__(self, c: Cfg):
        super().__init__()
        self.c = c
        self.lift = nn.Sequential(nn.Linear(2, c.dim), nn.ReLU(), nn.Linear(c.dim, c.dim), nn.LayerNorm(c.dim))
        self.mu = nn.Parameter(torch.randn(c.dim) * 0.2)
        self.log_sigma = nn.Parameter(torch.zeros(c.dim))
        self.q = nn.Linear(c.dim, c.dim, bias=False)
        self.kv = nn.Linear(c.dim, 2 * c.dim, bias=False)
        self.norm = nn.LayerNorm(c.dim)
        self.cell = nn.GRUCell(c.dim, c.dim)
        self.decode = nn.Sequential(nn.Linear(c.dim, c.dim), nn.ReLU(), nn.Linear(c.dim, 4))

    def forward(self, pts):
        c = self.c
        b = pts.shape[0]
        k, v = self.kv(self.lift(pts)).chunk(2, -1)
        s = self.mu + self.log_sigma.exp() * torch.randn(b, c.slots, c.dim)
        for _ in range(c.rounds):
            scores = torch.einsum("bsd,bnd->bsn", self.q(self.norm(s)), k) / math.sqrt(c.dim)
            share = scores.softmax(dim=1) + 1e-6
            share = share / share.sum(dim=2, keepdim=True)
            update = share @ v
            s = self.cell(update.flatten(0, 1), s.flatten(0, 1)).view_as(s)
        return self.decode(s)


def log_density(out, pts):
    centre, width, weight = out[..., :2], out[..., 2].clamp(-4, 2), out[..., 3].log_softmax(1)
    d2 = (pts[:, None] - centre[:, :, None]).pow(2).sum(-1)
    comp = -0.5 * d2 * (-2 * width)[..., None].exp() - 2 * width[..., None] - math.log(2 * math.pi)
    return comp + weight[..., None]


def scenes(c, n):
    centres = torch.rand(n, c.slots, 2) * 4 - 2
    who = torch.randint(c.slots, (n, c.points))
    pts = torch.gather(centres, 1, who[..., None].expand(-1, -1, 2)) + 0.12 * torch.randn(n, c.points, 2)
    return pts, who


def pair_agreement(out, pts, who):
    mine = log_density(out, pts).argmax(1)
    a = mine[:, :, None] == mine[:, None]
    b = who[:, :, None] == who[:, None]
    return (a == b).float().mean().item()


def main():
    torch.manual_seed(8)
    c = Cfg()
    net = SlotReader(c)
    opt = torch.optim.Adam(net.parameters(), lr=c.lr)
    held, truth = scenes(c, 400)
    for step in range(c.steps):
        for group in opt.param_groups:
            group["lr"] = c.lr * min(1.0, (step + 1) / 40) * 3
        pts, _ = scenes(c, c.batch)
        loss = -log_density(net(pts), pts).logsumexp(1).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if step % 40 == 0 or step == c.steps - 1:
            with torch.no_grad():
                out = net(held)
                nll = -log_density(out, held).logsumexp(1).mean().item()
                print(f"{step:4d} loss {loss.item():+.4f} held {nll:+.4f} pairs {pair_agreement(out, held, truth):.3f}")


main()
