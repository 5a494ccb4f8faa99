"""A generator network writes the weights of a small per-station regressor.

Each station has a descriptor (altitude, slope, soil...) and its own response curve.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 17
N_STATIONS, DESC, HID = 60, 6, 16


class Stations:
    def __init__(self, seed):
        g = torch.Generator().manual_seed(seed)
        self.desc = torch.randn(N_STATIONS, DESC, generator=g)
        mix = torch.randn(DESC, 3, generator=g) / DESC ** 0.5
        self.par = self.desc @ mix
        self.g = g

    def batch(self, ids, n):
        x = torch.rand(len(ids), n, 1, generator=self.g) * 4 - 2
        p = self.par[ids][:, None, :]
        y = p[..., 0:1] * torch.sin(2 * x) + p[..., 1:2] * x + p[..., 2:3] * x.abs()
        return x, y + 0.05 * torch.randn(y.shape, generator=self.g)


class WeightWriter(nn.Module):
    def __init__(self, shapes, width=24):
        super().__init__()
        self.shapes = shapes
        self.trunk = nn.Sequential(nn.Linear(DESC, width), nn.Tanh())
        self.heads = [nn.Linear(width, s.numel()) for s in shapes]
        for h in self.heads:
            nn.init.normal_(h.weight, std=0.02)
            nn.init.normal_(h.bias, std=0.3)

    def forward(self, d):
        z = self.trunk(d)
        return [h(z).view(-1, *s) for h, s in zip(self.heads, self.shapes)]


def small_net(x, w):
    w1, b1, w2, b2 = w
    h = torch.tanh(torch.baddbmm(b1[:, None, :], x, w1))
    return torch.baddbmm(b2[:, None, :], h, w2) / HID ** 0.5


def evaluate(writer, data):
    with torch.no_grad():
        ids = torch.arange(N_STATIONS)
        x, y = data.batch(ids, 64)
        p = small_net(x, writer(data.desc))
        return 1 - (F.mse_loss(p, y) / y.var()).item()


def main():
    torch.manual_seed(SEED)
    data = Stations(SEED)
    shapes = [torch.Size([1, HID]), torch.Size([HID]), torch.Size([HID, 1]), torch.Size([1])]
    writer = WeightWriter(shapes)
    optimizer = torch.optim.Adam(writer.parameters(), lr=3e-3)
    for step in range(1, 1501):
        ids = torch.randperm(N_STATIONS)[:16]
        x, y = data.batch(ids, 24)
        loss = F.mse_loss(small_net(x, writer(data.desc[ids])), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 150 == 0:
            print(f"step {step:5d}  mse {loss.item():.4f}  R2 {evaluate(writer, data):.3f}")


if __name__ == "__main__":
    main()
