import argparse
import itertools

import torch
from torch import nn
import torch.nn.functional as F


def parse(argv=None):
    p = argparse.ArgumentParser()
    p.add_argument("--batches", type=int, default=420)
    p.add_argument("--batch-size", type=int, default=48)
    p.add_argument("--gradient-accumulations", type=int, default=1)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--print-every", type=int, default=60)
    return p.parse_args(argv)


def scenes(gen, n, size=14):
    while True:
        x = 0.3 * torch.randn(n, 1, size, size, generator=gen)
        top = torch.randint(0, size - 4, (n, 2), generator=gen)
        kind = torch.randint(0, 3, (n,), generator=gen)
        for i, ((r, c), k) in enumerate(zip(top.tolist(), kind.tolist())):
            if k == 0:
                x[i, 0, r:r + 4, c:c + 4] += 1
            elif k == 1:
                x[i, 0, r + 1, c:c + 4] += 1.5
            else:
                x[i, 0, r:r + 4, c + 1] += 1.5
        yield x, kind, (top.float() + 2) / size


class Spotter(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(24 * 49, 64), nn.ReLU())
        self.kind, self.spot = nn.Linear(64, 3), nn.Linear(64, 2)

    def forward(self, x, kind=None, spot=None):
        h = self.body(x)
        k, s = self.kind(h), self.spot(h)
        if kind is None:
            return k, s
        return F.cross_entropy(k, kind) + 4 * F.smooth_l1_loss(s, spot), (k, s)


def main(opt):
    torch.manual_seed(23)
    net = Spotter()
    optimizer = torch.optim.Adam(net.parameters(), lr=opt.lr)
    stream = scenes(torch.Generator().manual_seed(1), opt.batch_size)
    for batches_done, (x, kind, spot) in enumerate(itertools.islice(stream, opt.batches), 1):
        loss, _ = net(x, kind, spot)
        loss.backward()
        if batches_done % opt.gradient_accumulations:
            optimizer.step()
            optimizer.zero_grad()
        if batches_done % opt.print_every == 0:
            print(f"[{batches_done}/{opt.batches}] loss {loss.item():.4f}")
    with torch.no_grad():
        x, kind, spot = next(scenes(torch.Generator().manual_seed(2), 500))
        k, s = net(x)
        print(f"final kind acc {(k.argmax(1) == kind).float().mean():.3f}  spot error {(s - spot).abs().mean():.4f}")


if __name__ == "__main__":
    main(parse())
