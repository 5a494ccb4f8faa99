"""Five folds, a new model and a new optimizer for each of them."""
import numpy as np
import torch
from torch import nn

config = {"folds": 5, "epochs": 3, "batch": 32, "lr": 1e-2, "hidden": 24, "seed": 191}


def penguins(n, rng):
    species = rng.integers(3, size=n)
    bill = np.array([38.8, 48.8, 47.5])[species] + rng.normal(0, 2.7, n)
    depth = np.array([18.3, 18.4, 15.0])[species] + rng.normal(0, 1.1, n)
    flipper = np.array([190.0, 196.0, 217.0])[species] + rng.normal(0, 6.7, n)
    mass = np.array([3700.0, 3730.0, 5080.0])[species] + rng.normal(0, 450, n)
    return np.stack([bill, depth, flipper, mass], 1), species


def fit(x, y, cfg):
    model = nn.Sequential(nn.Linear(4, cfg["hidden"]), nn.ReLU(), nn.Linear(cfg["hidden"], 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    for _ in range(cfg["epochs"]):
        for idx in torch.randperm(len(x)).split(cfg["batch"]):
            loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model, loss.item()


def main(cfg):
    rng = np.random.default_rng(cfg["seed"])
    torch.manual_seed(cfg["seed"])
    x, y = penguins(1500, rng)
    parts = np.array_split(rng.permutation(len(x)), cfg["folds"])
    scores = []
    for k, held in enumerate(parts):
        rest = np.concatenate([p for i, p in enumerate(parts) if i != k])
        mean, std = x[rest].mean(0), x[rest].std(0)
        tensor = lambda rows: torch.tensor((x[rows] - mean) / std, dtype=torch.float32)
        model, last = fit(tensor(rest), torch.from_numpy(y[rest]), cfg)
        with torch.no_grad():
            scores.append((model(tensor(held)).argmax(1).numpy() == y[held]).mean())
        print(f"fold {k}: last loss {last:.3f}, accuracy {scores[-1]:.3f}")
    print(f"{np.mean(scores):.3f} +- {np.std(scores):.3f}")


main(config)
