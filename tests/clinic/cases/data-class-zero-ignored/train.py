"""Land cover from eight satellite bands.

Codes in cover.npy: 0 = not surveyed, 1 forest, 2 meadow, 3 water, 4 urban, 5 rock.
"""
from pathlib import Path

import numpy as np
import torch
from torch import nn

NOT_SURVEYED = 0
CODES = 6


def read(folder):
    bands = torch.from_numpy(np.load(folder / "bands.npy"))
    cover = torch.from_numpy(np.load(folder / "cover.npy").astype(np.int64))
    return (bands - bands.mean(0)) / bands.std(0), cover


def recall_per_code(model, x, y):
    with torch.no_grad():
        guess = model(x).argmax(1)
    return {int(c): (guess[y == c] == c).float().mean().item() for c in y.unique()}


def train(epochs=9, batch=56, lr=0.1):
    torch.manual_seed(9)
    x, y = read(Path(__file__).resolve().parent)
    split = torch.randperm(len(x))
    fit, hold = split[:1400], split[1400:]
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, CODES))
    criterion = nn.CrossEntropyLoss(ignore_index=NOT_SURVEYED)
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.8)
    for epoch in range(epochs):
        shuffled = fit[torch.randperm(len(fit))]
        for part in shuffled.split(batch):
            opt.zero_grad()
            loss = criterion(model(x[part]), y[part])
            loss.backward()
            opt.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")
    return recall_per_code(model, x[hold], y[hold])


if __name__ == "__main__":
    recall = train()
    print("recall by code:", {c: round(r, 3) for c, r in recall.items()})
    print(f"mean recall on held-out plots {sum(recall.values()) / len(recall):.3f}, worst {min(recall.values()):.3f}")
