"""Daily energy demand from weather and calendar; settings.toml drives the run."""
import math
import tomllib
from pathlib import Path

import torch
from torch import nn


def load_settings():
    with open(Path(__file__).resolve().parent / "settings.toml", "rb") as f:
        return tomllib.load(f)


def demand(days, noise):
    day = torch.arange(days)
    season = 2 * math.pi * day / 365
    temperature = -torch.cos(season) + 0.5 * torch.randn(days)
    weekend = (day % 7 >= 5).float()
    wind = torch.randn(days)
    load = 0.8 * temperature**2 - 0.9 * weekend + 0.3 * torch.relu(wind) * (1 - temperature) + noise * torch.randn(days)
    x = torch.stack([temperature, weekend * 2 - 1, wind, season.sin(), season.cos()], 1)
    return x, (load - load.mean()) / load.std()


def mlp(sizes):
    parts = []
    for a, b in zip(sizes[:-2], sizes[1:-1]):
        parts += [nn.Linear(a, b), nn.Tanh()]
    return nn.Sequential(*parts, nn.Linear(sizes[-2], sizes[-1]))


def fit(settings):
    run = settings["training"]
    torch.manual_seed(run["seed"])
    x, y = demand(**settings["data"])
    perm = torch.randperm(len(x))
    train, test = perm[: len(x) * 4 // 5], perm[len(x) * 4 // 5 :]
    net = mlp([x.shape[1], *settings["model"]["hidden"], 1])
    if run["optimizer"] == "sgd":
        opt = torch.optim.SGD(net.parameters(), lr=run["learning_rate"], momentum=run["momentum"])
    else:
        opt = torch.optim.Adam(net.parameters(), lr=run["learning_rate"])
    for epoch in range(1, run["epochs"] + 1):
        order = train[torch.randperm(len(train))]
        mean = 0.0
        for i in range(0, len(order), run["batch"]):
            pick = order[i : i + run["batch"]]
            loss = (net(x[pick]).squeeze(1) - y[pick]).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            mean += loss.item() * len(pick) / len(order)
        with torch.no_grad():
            r2 = 1 - (net(x[test]).squeeze(1) - y[test]).pow(2).mean().item() / y[test].var().item()
        print(f"{epoch:02d} mse {mean:.4f} R2 {r2:.3f}")
    return r2


if __name__ == "__main__":
    print(f"test R2 {fit(load_settings()):.3f}")
