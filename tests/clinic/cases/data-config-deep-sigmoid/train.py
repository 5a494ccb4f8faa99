"""Concrete strength from its recipe. The architecture is read from arch.json."""
import json
import pathlib

import torch
from torch import nn, optim

GAIN = {"Tanh": "tanh", "ReLU": "relu", "Sigmoid": "sigmoid"}


def from_arch(path):
    arch = json.loads(path.read_text())
    sizes = [arch["inputs"]] + [arch["width"]] * arch["depth"]
    modules = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        linear = nn.Linear(fan_in, fan_out)
        nn.init.xavier_normal_(linear.weight, gain=nn.init.calculate_gain(GAIN[arch["act"]]))
        nn.init.zeros_(linear.bias)
        modules += [linear, getattr(nn, arch["act"])()]
    return nn.Sequential(*modules, nn.Linear(arch["width"], arch["outputs"]))


def recipes(n):
    x = torch.randn(n, 10)
    y = x[:, 0] - 0.7 * x[:, 1] + 0.5 * x[:, 2] * x[:, 0] + 0.4 * torch.relu(x[:, 3]) + 0.1 * torch.randn(n)
    return x, (y - 0.16) / 1.4


def main():
    torch.manual_seed(28)
    net = from_arch(pathlib.Path(__file__).resolve().parent / "arch.json")
    (x, y), (xt, yt) = recipes(2400), recipes(600)
    opt = optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
    for epoch in range(6):
        mse = 0.0
        for rows in torch.randperm(len(x)).split(60):
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(x[rows]).squeeze(-1), y[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            mse += loss.item() * len(rows) / len(x)
        with torch.no_grad():
            test = nn.functional.mse_loss(net(xt).squeeze(-1), yt).item()
        print(f"epoch {epoch} mse {mse:.4f} test {test:.4f}")
    print(f"test R2 {1 - test / yt.var().item():.3f}")


main()
