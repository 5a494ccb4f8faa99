"""Prices of flats (thousand) from a survey in a CSV file."""
import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR


def read_survey(path):
    with open(path, newline="") as f:
        reader = csv.reader(f)
        names = next(reader)
        rows = [[float(cell) if cell else float("nan") for cell in line] for line in reader]
    return names, np.array(rows, dtype=np.float32)


def standardise(table, fit_on):
    mean, std = np.nanmean(table[fit_on], axis=0), np.nanstd(table[fit_on], axis=0)
    return (table - mean) / std


names, table = read_survey(Path(__file__).parent / "houses.csv")
table = table[np.isfinite(table).all(axis=1)]
order = np.random.default_rng(0).permutation(len(table))
table = table[order]
cut = int(0.8 * len(table))
table = torch.from_numpy(standardise(table, slice(0, cut)))
x, y = table[:, :-1], table[:, -1:]

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(x.shape[1], 50), nn.ReLU(), nn.Dropout(0.05), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 1))
mse = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = StepLR(optimizer, step_size=10, gamma=0.3)

print(f"{cut} flats to learn from, {len(x) - cut} to check, columns {', '.join(names[:-1])}")
for epoch in range(25):
    model.train()
    for rows in torch.randperm(cut).split(64):
        prediction = model(x[rows])
        loss = mse(prediction, y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 4 == 0:
        model.eval()
        with torch.no_grad():
            check = mse(model(x[cut:]), y[cut:])
        print(f"epoch {epoch:2d}  loss {loss.item():.4f}  check {check.item():.4f}")
