"""Leaf outlines to species."""
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

ROOT = Path(__file__).resolve().parent


class Leaves(Dataset):
    def __init__(self, run):
        self.outline = np.load(ROOT / run["leaves"]).astype(np.float32) / 100
        self.outline = (self.outline - 1.0) / self.outline.std()
        self.species = np.load(ROOT / run["species"])

    def __len__(self):
        return len(self.species)

    def __getitem__(self, item):
        return torch.from_numpy(self.outline[item]), int(self.species[item])


def main():
    torch.manual_seed(0)
    run = json.load(open(ROOT / "run.json"))
    leaves = Leaves(run)
    rows = np.arange(len(leaves))
    held = rows % run["valid_every"] == 0
    train = DataLoader(Subset(leaves, rows[~held].tolist()), **run["loader"])
    valid = DataLoader(Subset(leaves, rows[held].tolist()), batch_size=88)
    model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 6))
    opt = torch.optim.SGD(model.parameters(), **run["sgd"])
    ce = nn.CrossEntropyLoss()
    for epoch in range(run["epochs"]):
        for outline, species in train:
            opt.zero_grad()
            loss = ce(model(outline), species)
            loss.backward()
            opt.step()
        with torch.no_grad():
            right = torch.cat([model(o).argmax(1) == s for o, s in valid]).float().mean().item()
        print(f"epoch {epoch}: last loss {loss.item():.3f}, validation accuracy {right:.3f}")
    print(f"validation accuracy {right:.3f}")


if __name__ == "__main__":
    main()
