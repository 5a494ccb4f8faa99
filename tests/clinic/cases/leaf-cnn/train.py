import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parent
conf = json.loads((ROOT / "config.json").read_text())


def leaves(n, g):
    """16x16 outlines: round, pointed, lobed, long"""
    y = torch.randint(0, 4, (n,), generator=g)
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij")
    ang = torch.atan2(yy, xx)
    rad = (xx ** 2 + yy ** 2).sqrt()
    rot = torch.rand(n, 1, 1, generator=g) * 6.2832
    size = 0.55 + 0.2 * torch.rand(n, 1, 1, generator=g)
    a = ang + rot
    shapes = torch.stack([
        torch.ones(n, 16, 16),
        0.55 + 0.45 * torch.cos(a).abs() ** 3,
        0.8 + 0.3 * torch.cos(5 * a),
        0.35 / (torch.cos(a) ** 2 * 0.12 + torch.sin(a) ** 2 + 0.05).sqrt(),
    ], 1)
    edge = shapes[torch.arange(n), y] * size
    img = torch.sigmoid((edge - rad) * 12)
    img = img + 0.15 * torch.randn(n, 16, 16, generator=g)
    return img.unsqueeze(1), y


class LeafNet(nn.Module):
    def __init__(self, ch, n_cls):
        super().__init__()
        self.c1 = nn.Conv2d(1, ch, 3, padding=1)
        self.c2 = nn.Conv2d(ch, ch * 2, 3, padding=1)
        self.fc1 = nn.Linear(ch * 2 * 16, 48)
        self.fc2 = nn.Linear(48, n_cls)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def main():
    torch.manual_seed(conf["seed"])
    g = torch.Generator().manual_seed(conf["seed"])
    xs, ys = leaves(1200, g)
    xt, yt = leaves(300, g)
    net = LeafNet(conf["model"]["channels"], 4)
    opt = getattr(torch.optim, conf["optim"]["name"])(net.parameters(), lr=conf["optim"]["lr"])
    for epoch in range(conf["epochs"]):
        running, n = 0.0, 0
        for idx in torch.randperm(len(xs), generator=g).split(conf["batch_size"]):
            loss = F.cross_entropy(net(xs[idx]), ys[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item()
            n += 1
        print(f"epoch {epoch:2d} loss {running / n:.4f}")
    with torch.no_grad():
        acc = (net(xt).argmax(1) == yt).float().mean()
    print(f"accuracy on unseen leaves: {acc:.3f}")


main()
