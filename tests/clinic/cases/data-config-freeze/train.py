"""Where is the bright cross? A tiny convnet gives its row and column on a 12x12 picture with distractors."""
import tomllib
from pathlib import Path

import torch
from torch import nn

with (Path(__file__).resolve().parent / "config.toml").open("rb") as fh:
    cfg = tomllib.load(fh)


def pictures(n):
    img = 0.3 * torch.randn(n, 1, 12, 12)
    where = torch.randint(1, 11, (n, 2))
    for k, (r, c) in enumerate(where.tolist()):
        img[k, 0, r - 1 : r + 2, c] += 1.5
        img[k, 0, r, c - 1 : c + 2] += 1.5
        a, b = torch.randint(0, 9, (2,)).tolist()
        img[k, 0, a : a + 3, b] -= 1.5
        img[k, 0, a, b : b + 3] += 1.2
    return img, (where.float() - 5.5) / 2.87


class Backbone(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, 1, 3, padding=1)
        )

    def forward(self, x):
        return torch.softmax(2.0 * self.net(x).flatten(1), dim=1)


class Finder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.backbone = Backbone(cfg["backbone"]["channels"])
        self.head = nn.Linear(144, 2)
        if cfg["backbone"]["freeze"]:
            for p in self.backbone.parameters():
                p.requires_grad_(False)

    def forward(self, x):
        return self.head(144 ** 0.5 * self.backbone(x))


torch.manual_seed(16)
x, y = pictures(1600)
xv, yv = pictures(400)
model = Finder(cfg)
opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=cfg["optim"]["lr"])
for epoch in range(cfg["optim"]["epochs"]):
    for idx in torch.randperm(len(x)).split(cfg["optim"]["batch"]):
        loss = nn.functional.mse_loss(model(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = nn.functional.mse_loss(model(xv), yv).item()
    print(f"epoch {epoch} train {loss.item():.3f} val {val:.3f}")
print(f"validation mse {val:.3f} (mean predictor {yv.var(0).mean().item():.3f})")
