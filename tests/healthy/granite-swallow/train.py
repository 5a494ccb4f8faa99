import json
from pathlib import Path

import numpy as np
import torch
from torch.func import grad_and_value

here = Path(__file__).resolve().parent
cfg = json.loads((here / "ratings.json").read_text())
table = np.load(here / "ratings.npz")
shape = (cfg["users"], cfg["items"])


def dense(split):
    value, seen = torch.zeros(shape), torch.zeros(shape)
    u, i = (torch.from_numpy(table[f"{split}_{k}"].astype(np.int64)) for k in ("user", "item"))
    value[u, i] = torch.from_numpy(table[f"{split}_value"].astype(np.float32))
    seen[u, i] = 1.0
    return value, seen


def chain(theta):
    out = theta[0]
    for w in theta[1:]:
        out = out @ w
    return out


def objective(theta, value, seen):
    return 0.5 * (seen * (chain(theta) - value)).square().sum()


def rmse(theta, value, seen):
    return ((seen * (chain(theta) - value)).square().sum() / seen.sum()).sqrt().item()


def begin(widths, scale, seed):
    g = torch.Generator().manual_seed(seed)
    theta = tuple(torch.randn(a, b, generator=g) * scale for a, b in zip(widths, widths[1:]))
    memory = tuple((torch.zeros_like(w), torch.full_like(w, cfg["delta_start"])) for w in theta)
    return theta, memory


def advance(theta, memory, grads):
    new_theta, new_memory = [], []
    for w, (last, delta), g in zip(theta, memory, grads):
        agree = g * last
        delta = torch.where(agree > 0, delta * cfg["grow"], torch.where(agree < 0, delta * cfg["shrink"], delta))
        delta = delta.clamp(cfg["delta_min"], cfg["delta_max"])
        g = torch.where(agree < 0, torch.zeros_like(g), g)
        new_theta.append(w - delta * g.sign())
        new_memory.append((g, delta))
    return tuple(new_theta), tuple(new_memory)


if __name__ == "__main__":
    fit, held = dense("fit"), dense("held")
    theta, memory = begin((shape[0], 5, 5, shape[1]), cfg["scale"], cfg["seed"])
    slope = grad_and_value(objective)
    for step in range(cfg["steps"] + 1):
        grads, value = slope(theta, *fit)
        if step % 50 == 0:
            print(f"{step:4d} objective {value.item():10.2f} fit {rmse(theta, *fit):.4f} held {rmse(theta, *held):.4f}")
        theta, memory = advance(theta, memory, grads)
