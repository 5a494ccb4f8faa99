# Hourly NO2 from weather, four stations pooled
import csv
import json
import math
import random
from pathlib import Path

import torch
import torch.nn as nn

ROOT = Path(__file__).parent
INPUTS = ["temp", "humidity", "pressure", "wind", "solar", "hour"]
TARGET = "no2"

settings = {"lr": 1e-3, "epochs": 24, "batch": 32, "hidden": [64, 32], "seed": 3, "valid_share": 0.2}


class Scaler:
    def __init__(self, path):
        stats = json.loads(Path(path).read_text())["stats"]
        self.stats = {k: (v["mean"], v["std"]) for k, v in stats.items()}

    def encode(self, name, value):
        mean, std = self.stats[name]
        return (value - mean) / std

    def decode(self, name, value):
        mean, std = self.stats[name]
        return value * std + mean


def read_rows(path, scaler):
    xs, ys = [], []
    with open(path) as fh:
        for row in csv.DictReader(fh):
            xs.append([scaler.encode(c, float(row[c])) for c in INPUTS])
            ys.append(scaler.encode(TARGET, float(row[TARGET])))
    return torch.tensor(xs), torch.tensor(ys)


def batches(x, y, size):
    perm = torch.randperm(len(x))
    for i in range(0, len(x), size):
        j = perm[i:i + size]
        yield x[j], y[j]


def mlp(sizes):
    mods = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        mods.append(nn.Linear(a, b))
        mods.append(nn.ReLU())
    mods.append(nn.Linear(sizes[-1], 1))
    return nn.Sequential(*mods)


def rmse(model, x, y, scaler):
    with torch.no_grad():
        p = scaler.decode(TARGET, model(x).squeeze(1))
    t = scaler.decode(TARGET, y)
    return math.sqrt(((p - t) ** 2).mean().item())


def run(cfg):
    random.seed(cfg["seed"])
    torch.manual_seed(cfg["seed"])
    scaler = Scaler(ROOT / "scaler.json")
    x, y = read_rows(ROOT / "stations.csv", scaler)
    perm = torch.randperm(len(x))
    n_valid = int(len(x) * cfg["valid_share"])
    va, tr = perm[:n_valid], perm[n_valid:]

    model = mlp([len(INPUTS)] + cfg["hidden"])
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    crit = nn.SmoothL1Loss()
    print(f"{len(tr)} training hours, {len(va)} validation hours")
    spread = math.sqrt(((y[va] - y[tr].mean()) ** 2).mean().item()) * scaler.stats[TARGET][1]
    print(f"mean predictor: rmse {spread:.2f}")
    for ep in range(cfg["epochs"]):
        seen, total = 0, 0.0
        for xb, yb in batches(x[tr], y[tr], cfg["batch"]):
            opt.zero_grad()
            out = model(xb).squeeze(1)
            loss = crit(out, yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(xb)
            seen += len(xb)
        if ep % 4 == 3:
            print(f"{ep + 1:3d}  loss {total / seen:9.4f}  valid rmse {rmse(model, x[va], y[va], scaler):8.2f}")


if __name__ == "__main__":
    run(settings)
