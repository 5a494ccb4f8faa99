import argparse
import torch
from torch import nn, einsum
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

# Seismic station bundles: every event has 4..24 picks (arrival, amplitude, azimuth as sin/cos, flag).
# Learned latent queries read the picks and give the event's magnitude and depth.

MAX_PICKS = 24


def build(n, seed):
    g = torch.Generator().manual_seed(seed)
    mag = torch.rand(n, generator=g) * 2 - 1
    depth = torch.rand(n, generator=g) * 2 - 1
    count = torch.randint(4, MAX_PICKS + 1, (n,), generator=g)
    dist = torch.rand(n, MAX_PICKS, generator=g) * 2
    az = torch.rand(n, MAX_PICKS, generator=g) * 6.2832
    arrival = torch.sqrt(dist ** 2 + (1.2 + depth[:, None]) ** 2) - 1.5 + 0.05 * torch.randn(n, MAX_PICKS, generator=g)
    amp = mag[:, None] - 0.5 * dist + 0.2 * torch.randn(n, MAX_PICKS, generator=g)
    picks = torch.stack([arrival, amp, dist - 1, az.sin(), az.cos()], -1)
    valid = torch.arange(MAX_PICKS)[None] < count[:, None]
    picks = picks * valid.unsqueeze(-1)
    return TensorDataset(picks, valid, torch.stack([mag, depth], -1))


class CrossRead(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.h, self.scale = heads, (dim // heads) ** -0.5
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_kv = nn.Linear(dim, 2 * dim, bias=False)
        self.out = nn.Linear(dim, dim)
        self.nq, self.nk = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, lat, ctx, bias):
        q = self.to_q(self.nq(lat))
        k, v = self.to_kv(self.nk(ctx)).chunk(2, -1)
        q, k, v = (t.unflatten(-1, (self.h, -1)).transpose(1, 2) for t in (q, k, v))
        sim = einsum("bhid,bhjd->bhij", q, k) * self.scale + bias[:, None, None, :]
        o = einsum("bhij,bhjd->bhid", sim.softmax(-1), v)
        return self.out(o.transpose(1, 2).flatten(2))


class EventReader(nn.Module):
    def __init__(self, dim=48, latents=4, heads=4, depth=2):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(latents, dim) * 0.3)
        self.embed = nn.Sequential(nn.Linear(5, dim), nn.GELU(), nn.Linear(dim, dim))
        self.reads = nn.ModuleList(CrossRead(dim, heads) for _ in range(depth))
        self.ffs = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)) for _ in range(depth))
        self.head = nn.Sequential(nn.LayerNorm(latents * dim), nn.Linear(latents * dim, 2))

    def forward(self, picks, valid):
        bias = valid.float() * -1e4
        ctx = self.embed(picks)
        lat = self.latents.expand(picks.size(0), -1, -1)
        for read, ff in zip(self.reads, self.ffs):
            lat = lat + read(lat, ctx, bias)
            lat = lat + ff(lat)
        return self.head(lat.flatten(1))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=400)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--lr", type=float, default=2e-3)
    args = ap.parse_args()
    torch.manual_seed(0)
    loader = DataLoader(build(3200, 1), args.batch, shuffle=True, drop_last=True)
    vp, vm, vy = build(500, 2).tensors
    net = EventReader()
    opt = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
    step = 0
    while step < args.steps:
        for picks, valid, y in loader:
            loss = F.mse_loss(net(picks, valid), y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            step += 1
            if step % 50 == 0:
                with torch.no_grad():
                    r2 = 1 - (net(vp, vm) - vy).pow(2).mean(0) / vy.var(0)
                print(f"{step:5d}  mse {loss.item():.4f}  R2 magnitude {r2[0].item():.3f} depth {r2[1].item():.3f}")
            if step == args.steps:
                break


if __name__ == "__main__":
    main()
