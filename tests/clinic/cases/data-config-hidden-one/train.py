"""Ten kinds of coins from twelve sorter measurements (simulated); settings in model.ini."""
import configparser
from pathlib import Path

import torch
from torch import nn

ini = configparser.ConfigParser()
ini.read(Path(__file__).resolve().with_name("model.ini"))
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def coins(n, dims, classes, gen):
    proto = 1.6 * torch.randn(classes, dims, generator=gen)
    kind = torch.randint(classes, (n,), generator=gen)
    return proto[kind] + torch.randn(n, dims, generator=gen), kind


def build(section, dims, classes):
    h = section.getint("hidden")
    return nn.Sequential(nn.Linear(dims, h), ACTIVATIONS[section["activation"]](), nn.Linear(h, classes))


torch.manual_seed(3)
task, training = ini["task"], ini["training"]
x, y = coins(task.getint("samples"), task.getint("dims"), task.getint("classes"), torch.Generator().manual_seed(10))
x = (x - x.mean(0)) / x.std(0)
x_test, y_test = x[2400:], y[2400:]
x, y = x[:2400], y[:2400]
net = build(ini["network"], task.getint("dims"), task.getint("classes"))
opt = torch.optim.Adam(net.parameters(), lr=training.getfloat("lr"))
for epoch in range(training.getint("epochs")):
    for rows in torch.randperm(len(x)).split(training.getint("batch")):
        loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        acc = (net(x_test).argmax(1) == y_test).float().mean().item()
    print(f"[{epoch + 1}] loss {loss.item():.3f}  test acc {acc:.3f}")
print(f"test accuracy {acc:.3f}")
