"""Learns where the gripper of a three-joint arm is, from the joint angles."""
import json
import math
import sys
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

LINKS = (1.0, 0.7, 0.4)


def forward_kinematics(theta):
    total = theta.cumsum(1)
    l = torch.tensor(LINKS)
    return torch.stack([(l * total.cos()).sum(1), (l * total.sin()).sum(1)], dim=1)


def make_data(samples, valid, noise):
    theta = (torch.rand(samples, 3) * 2 - 1) * torch.tensor([math.pi, 2.2, 2.2])
    xy = forward_kinematics(theta)
    xy = xy + noise * torch.randn_like(xy)
    theta = theta / torch.tensor([math.pi, 2.2, 2.2]) * 1.7
    return (theta[valid:], xy[valid:]), (theta[:valid], xy[:valid])


def build_model(hidden, depth):
    layers = [nn.Linear(3, hidden), nn.SiLU()]
    for _ in range(depth - 1):
        layers += [nn.Linear(hidden, hidden), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, 2))


def build_schedule(opt, kind, warmup, total_steps, floor):
    def cosine(step):
        if step < warmup:
            return (step + 1) / warmup
        t = min(1.0, (step - warmup) / max(1, total_steps - warmup))
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * t))

    def constant(step):
        return min(1.0, (step + 1) / max(1, warmup))

    return LambdaLR(opt, {"cosine": cosine, "constant": constant}[kind])


def error(model, data):
    model.eval()
    with torch.no_grad():
        d = (model(data[0]) - data[1]).norm(dim=1)
    model.train()
    return d.mean().item()


def main(path):
    cfg = json.loads(Path(path).read_text())
    torch.manual_seed(cfg["seed"])
    train, valid = make_data(**cfg["data"])
    model = build_model(**cfg["model"])
    opt = torch.optim.AdamW(model.parameters(), **cfg["optim"])
    sched = build_schedule(opt, **cfg["schedule"])
    loss_fn = nn.HuberLoss(delta=0.5)

    base = (valid[1] - train[1].mean(0)).norm(dim=1).mean().item()
    print(f"{cfg['name']}: distance to the mean position {base:.3f}")
    step = 0
    for epoch in range(cfg["epochs"]):
        order = torch.randperm(len(train[0]))
        losses = []
        for idx in order.split(cfg["batch_size"]):
            loss = loss_fn(model(train[0][idx]), train[1][idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            step += 1
            losses.append(loss.item())
        if epoch % 2 == 1:
            print(f"epoch {epoch + 1:2d} ({step} steps)  loss {sum(losses) / len(losses):.5f}  valid distance {error(model, valid):.4f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("experiment.json"))
