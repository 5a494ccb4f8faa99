import json
import math
from pathlib import Path

import torch
from torch import nn

FUNCTIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x,
}


class Net(nn.Module):
    """Fully connected net described by net.json; the last layer gives raw scores."""

    def __init__(self, spec):
        super().__init__()
        sizes = spec["layers"]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.act = FUNCTIONS[spec["activation"]]
        if spec["init"] == "xavier":
            for layer in self.layers:
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.act(layer(x))
        return self.layers[-1](x)


def spirals(n, turns=1.25):
    side = torch.randint(2, (n,))
    r = torch.rand(n).sqrt()
    phi = 2 * math.pi * turns * r + math.pi * side
    pts = torch.stack([r * phi.cos(), r * phi.sin()], 1) + 0.02 * torch.randn(n, 2)
    return pts / pts.std(0), side


if __name__ == "__main__":
    spec = json.loads(Path(__file__).with_name("net.json").read_text())
    torch.manual_seed(30)
    train_x, train_y = spirals(2000)
    test_x, test_y = spirals(500)
    net = Net(spec)
    optimizer = torch.optim.SGD(net.parameters(), **spec["optimizer"])
    criterion = nn.CrossEntropyLoss()
    for epoch in range(spec["epochs"]):
        perm = torch.randperm(len(train_x))
        for k in range(0, len(perm), spec["batch"]):
            b = perm[k : k + spec["batch"]]
            optimizer.zero_grad()
            loss = criterion(net(train_x[b]), train_y[b])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            acc = (net(test_x).argmax(1) == test_y).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.3f} acc {acc:.3f}")
    print(f"test accuracy {acc:.3f}")
