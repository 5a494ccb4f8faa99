"""Robot arm: joint angles in, position of the gripper out (three links in the plane)."""
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


@dataclass
class Options:
    width: int
    depth: int
    dropout: float
    lr: float
    batch: int
    steps: int
    seed: int

    @classmethod
    def from_file(cls, path):
        return cls(**json.loads(Path(path).read_text()))


def arm(n):
    joints = (torch.rand(n, 3) - 0.5) * 3.0
    reach = joints.cumsum(1)
    tip = torch.stack([reach.cos().sum(1), reach.sin().sum(1)], 1)
    return joints / 0.87, (tip - torch.tensor([1.67, 0.0])) / torch.tensor([0.9, 1.5])


def network(o):
    layers, d = [], 3
    for _ in range(o.depth):
        layers += [nn.Linear(d, o.width), nn.SiLU(), nn.Dropout(o.dropout)]
        d = o.width
    return nn.Sequential(*layers, nn.Linear(d, 2))


def main():
    o = Options.from_file(Path(__file__).resolve().parent / "config.json")
    torch.manual_seed(o.seed)
    x, y = arm(4000)
    xt, yt = arm(1000)
    net = network(o)
    opt = torch.optim.Adam(net.parameters(), lr=o.lr)
    for step in range(1, o.steps + 1):
        net.train()
        i = torch.randint(len(x), (o.batch,))
        loss = (net(x[i]) - y[i]).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 80 == 0:
            net.eval()
            with torch.no_grad():
                test = (net(xt) - yt).square().mean().item()
            print(f"step {step} train {loss.item():.4f} test {test:.4f}")
    print(f"test mse {test:.4f} (predicting the mean: {yt.var(0).mean().item():.4f})")


if __name__ == "__main__":
    main()
