import argparse
import os

import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self, d_in=9, d=40):
        super().__init__()
        self.fc1 = nn.Linear(d_in, d)
        self.fc2 = nn.Linear(d, d)
        self.fc3 = nn.Linear(d, d)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return torch.tanh(self.fc3(x))


class GripForce(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(40, 1)

    def forward(self, x):
        return self.head(self.backbone(x)).squeeze(1)


def make_set(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 9, generator=g)
    y = torch.cos(x[:, 0] + x[:, 1]) + 0.6 * x[:, 2] * torch.sigmoid(2 * x[:, 3]) - 0.5 * torch.tanh(x[:, 4] - x[:, 5])
    return x, (y - 0.35) / 0.75


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--weights", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "backbone.pt"))
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--epochs", type=int, default=20)
    a = p.parse_args()

    torch.manual_seed(0)
    body = Backbone()
    body.load_state_dict(torch.load(a.weights, weights_only=True))
    model = GripForce(body)
    xt, yt = make_set(1500, 1)
    xv, yv = make_set(500, 2)
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)
    for epoch in range(a.epochs):
        total = 0.0
        for i in torch.randperm(len(xt)).split(30):
            opt.zero_grad()
            err = nn.functional.mse_loss(model(xt[i]), yt[i])
            err.backward()
            opt.step()
            total += err.item() * len(i)
        print(f"{epoch + 1:3d}/{a.epochs} train mse {total / len(xt):.4f}")
    with torch.no_grad():
        r2 = 1 - ((model(xv) - yv) ** 2).mean() / yv.var()
    print(f"validation R2 {r2.item():.3f}")
