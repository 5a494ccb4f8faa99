import math
import torch
from torch import nn


class Sine(nn.Module):
    def __init__(self, n_in, n_out, w0=1.0, first=False):
        super().__init__()
        self.lin, self.w0 = nn.Linear(n_in, n_out), w0
        bound = 1 / n_in if first else math.sqrt(6 / n_in) / w0
        nn.init.uniform_(self.lin.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(self.w0 * self.lin(x))


def make_image(n):
    g = torch.linspace(-1, 1, n)
    yy, xx = torch.meshgrid(g, g, indexing="ij")
    img = torch.sin(9 * xx + 3 * yy) * torch.exp(-2 * (xx ** 2 + yy ** 2)) + 0.4 * torch.cos(14 * yy * xx)
    return torch.stack([xx, yy], -1).reshape(-1, 2), img.reshape(-1, 1)


def main():
    torch.manual_seed(42)
    coords, values = make_image(64)
    mask = torch.rand(len(coords)) < 0.5           # half of the pixels are seen, the other half is the test
    net = nn.Sequential(Sine(2, 64, 12.0, first=True), Sine(64, 64, 12.0), Sine(64, 64, 12.0), nn.Linear(64, 1))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    x, y = coords[mask], values[mask]
    for step in range(400):                          # the same full batch over and over
        out = net(x)
        loss = torch.mean((out - y) ** 2)
        opt.zero_grad(); loss.backward(); opt.step()
        if step % 80 == 0:
            print(f"step {step} mse {loss:.5f}")
    with torch.no_grad():
        mse = torch.mean((net(coords[~mask]) - values[~mask]) ** 2)
    print(f"unseen pixels: R2 {1 - mse / values.var():.4f}  PSNR {10 * torch.log10(4 / mse):.1f} dB")


if __name__ == "__main__":
    main()
