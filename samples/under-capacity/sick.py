"""A height map of a small range of hills, learned by a network from scattered soundings."""
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class Config:
    widths: list[int] = field(default_factory=lambda: [2, 2])
    soundings: int = 1500
    batch: int = 50
    epochs: int = 18
    peak_lr: float = 1e-2
    seed: int = 9


def terrain(place: Tensor) -> Tensor:
    east, north = place[:, 0], place[:, 1]
    hills = torch.sin(2.6 * east) * torch.cos(2.1 * north) + 0.6 * torch.sin(1.7 * (east + north) + 0.5)
    return hills + 0.4 * torch.cos(3.1 * (east - north))


def soundings(count: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
    place = 3.4 * torch.rand(count, 2, generator=g) - 1.7
    return place, terrain(place) + 0.03 * torch.randn(count, generator=g)


def build(widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = 2
    for width in widths:
        layers += [nn.Linear(before, width), nn.Tanh()]
        before = width
    return nn.Sequential(*layers, nn.Linear(before, 1), nn.Flatten(0))


def fit(cfg: Config) -> None:
    g = torch.Generator().manual_seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    place, height = soundings(cfg.soundings, g)
    place_new, height_new = soundings(500, g)
    centre, scale = height.mean(), height.std()
    height, height_new = (height - centre) / scale, (height_new - centre) / scale
    net = build(cfg.widths)
    per_epoch = cfg.soundings // cfg.batch
    optimizer = torch.optim.AdamW(net.parameters(), lr=cfg.peak_lr, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, cfg.peak_lr, total_steps=cfg.epochs * per_epoch, pct_start=0.05)
    for epoch in range(cfg.epochs):
        order = torch.randperm(cfg.soundings, generator=g)
        for k in range(per_epoch):
            rows = order[k * cfg.batch:(k + 1) * cfg.batch]
            optimizer.zero_grad()
            loss = torch.mean(torch.square(net(place[rows]) - height[rows]))
            loss.backward()
            optimizer.step()
            schedule.step()
        if epoch % 3 == 2 or epoch == cfg.epochs - 1:
            with torch.no_grad():
                unseen = torch.mean(torch.square(net(place_new) - height_new))
            print(f"epoch {epoch + 1:2d} | last batch {loss.item():.3f} | new places {unseen.item():.3f} (their variance {height_new.var():.3f})")


if __name__ == "__main__":
    fit(Config())
