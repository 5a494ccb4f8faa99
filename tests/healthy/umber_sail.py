"""Inverse kinematics of a three-joint arm: many joint settings reach a point, so the
network gives a mixture of Gaussians over the joints."""
import math
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Config:
    components: int = 8
    hidden: int = 96
    batch: int = 128
    steps: int = 1500
    lr: float = 3e-3
    links: tuple = (0.5, 0.3, 0.2)


def tip(joints, links):
    angle = joints.cumsum(dim=1)
    l = torch.tensor(links)
    return torch.stack([(l * angle.cos()).sum(1), (l * angle.sin()).sum(1)], dim=1)


def make_data(n, cfg, seed):
    g = torch.Generator().manual_seed(seed)
    joints = torch.randn(n, 3, generator=g) * torch.tensor([0.4, 0.05, 0.05])
    flip = (torch.rand(n, generator=g) < 0.5).float() * 2 - 1
    joints[:, 1] += 1.2 * flip
    joints[:, 2] += 0.5 * flip
    return tip(joints, cfg.links), joints


class ArmMDN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        k, h = cfg.components, cfg.hidden
        self.k = k
        self.net = nn.Sequential(nn.Linear(2, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 7 * k))
        with torch.no_grad():
            self.net[-1].weight.mul_(0.1)
            self.net[-1].bias[k:4 * k].normal_(0, 0.7)

    def forward(self, x):
        logit, mean, scale = self.net(x).split([self.k, 3 * self.k, 3 * self.k], dim=1)
        return logit, mean.unflatten(1, (self.k, 3)), scale.unflatten(1, (self.k, 3)).clamp(-5, 3)


def objective(params, y):
    logit, mean, s = params
    z = (y.unsqueeze(1) - mean) * torch.exp(-s)
    comp = (-0.5 * z.pow(2) - s - 0.5 * math.log(2 * math.pi)).sum(-1)
    return -(torch.logsumexp(logit + comp, 1) - torch.logsumexp(logit, 1)).mean()


@torch.no_grad()
def reach_error(model, x, cfg):
    logit, mean, _ = model(x)
    best = mean[torch.arange(len(x)), logit.argmax(1)]
    return (tip(best, cfg.links) - x).norm(dim=1).mean().item()


def main():
    cfg = Config()
    torch.manual_seed(33)
    x, y = make_data(6000, cfg, 1)
    xv, yv = make_data(1000, cfg, 2)
    model = ArmMDN(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9985)

    spread = (xv - xv.mean(0)).norm(dim=1).mean().item()
    mean_joint = y.mean(0, keepdim=True).expand(len(xv), 3)
    print(f"tip spread {spread:.3f}, miss with the mean joint setting "
          f"{(tip(mean_joint, cfg.links) - xv).norm(dim=1).mean():.3f}")
    for step in range(1, cfg.steps + 1):
        rows = torch.randint(0, len(x), (cfg.batch,))
        loss = objective(model(x[rows]), y[rows])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        opt.step()
        sched.step()
        if step % 150 == 0:
            with torch.no_grad():
                val = objective(model(xv), yv).item()
            print(f"{step:5d}  train {loss.item():8.3f}  valid {val:8.3f}  "
                  f"tip misses target by {reach_error(model, xv, cfg):.3f}")


if __name__ == "__main__":
    main()
