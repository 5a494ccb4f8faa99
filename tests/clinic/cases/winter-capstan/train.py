"""A hypernetwork writes the weights of a small battery model from the cell's data sheet."""
import argparse

import torch
from torch import nn


class Cells:
    """Voltage of a cell over (charge, current); chemistry sets the curve and the sheet describes the chemistry."""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def batch(self, n_cells, n_points):
        g = self.g
        sheet = torch.rand(n_cells, 4, generator=g) * 2 - 1
        soc = torch.rand(n_cells, n_points, generator=g) * 2 - 1
        amp = torch.randn(n_cells, n_points, generator=g)
        a, b, c, d = (s.unsqueeze(1) for s in sheet.unbind(1))
        volt = (0.6 + 0.5 * a) * torch.tanh(3 * (soc + 0.6 * b)) - 0.45 * (1 + 0.9 * c) * amp \
            + 0.7 * d * soc * amp + 0.5 * b * soc ** 2
        volt = volt + 0.03 * torch.randn(volt.shape, generator=g)
        return sheet, torch.stack([soc, amp], -1), volt


class Inner(nn.Module):
    """The cell model itself: one copy of the weights per cell, so all products are batched."""

    def __init__(self, n_cells, hidden):
        super().__init__()
        self.w1 = nn.Parameter(torch.zeros(n_cells, 2, hidden))
        self.b1 = nn.Parameter(torch.zeros(n_cells, 1, hidden))
        self.w2 = nn.Parameter(torch.zeros(n_cells, hidden, 1))
        self.gain = nn.Linear(hidden, hidden)

    def forward(self, x):
        h = torch.tanh(torch.bmm(x, self.w1) + self.b1)
        h = h + torch.tanh(self.gain(h))
        return torch.bmm(h, self.w2).squeeze(-1)


class HyperNet(nn.Module):
    def __init__(self, n_cells=32, hidden=16, width=96):
        super().__init__()
        self.inner = Inner(n_cells, hidden)
        self.sizes = {name: p.shape[1:] for name, p in self.inner.named_parameters() if name in ("w1", "b1", "w2")}
        total = sum(s.numel() for s in self.sizes.values())
        self.trunk = nn.Sequential(nn.Linear(4, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.writer = nn.Linear(width, total)

    def weights(self, sheet):
        flat = self.writer(self.trunk(sheet))
        parts = flat.split([s.numel() for s in self.sizes.values()], dim=1)
        return {n: p.view(len(sheet), *s) for (n, s), p in zip(self.sizes.items(), parts)}

    def forward(self, sheet, x):
        written = self.weights(sheet)
        self.inner.load_state_dict(written, strict=False)
        return self.inner(x)


def test(net, seed=900, rounds=10):
    cells, err, var = Cells(seed), 0.0, 0.0
    net.eval()
    with torch.no_grad():
        for _ in range(rounds):
            sheet, x, v = cells.batch(32, 100)
            err += (net(sheet, x) - v).square().mean().item() / rounds
            var += v.var().item() / rounds
    net.train()
    return err, var


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=1500)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--report", type=int, default=250)
    args = ap.parse_args()
    torch.manual_seed(33)
    net, cells = HyperNet(), Cells(1)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    mean = 0.0
    for step in range(1, args.steps + 1):
        sheet, x, v = cells.batch(32, 40)
        loss = nn.functional.mse_loss(net(sheet, x), v)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        mean += loss.item() / args.report
        if step % args.report == 0:
            err, var = test(net)
            print(f"{step:5d}  train mse {mean:.4f}  unseen cells mse {err:.4f}  (variance {var:.3f})")
            mean = 0.0


if __name__ == "__main__":
    main()
