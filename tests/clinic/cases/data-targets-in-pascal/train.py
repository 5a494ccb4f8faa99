"""Nowcast of the surface pressure anomaly (standardised) at noon."""
import h5py
import torch
from pathlib import Path
from torch import nn
from torch.optim import NAdam
from torch.optim.lr_scheduler import LinearLR

SEED, N_TRAIN, BATCH, EPOCHS = 42, 1200, 60, 14


def open_data():
    with h5py.File(Path(__file__).resolve().parent / "stations.h5", "r") as store:
        return torch.from_numpy(store["readings"][:]).float(), torch.from_numpy(store["pressure"][:])


def explained(model, x, y):
    model.eval()
    with torch.no_grad():
        err = nn.functional.mse_loss(model(x).squeeze(), y)
    return (1 - err / y.var()).item()


torch.manual_seed(SEED)
readings, pressure = open_data()
model = nn.Sequential(nn.Linear(12, 96), nn.ELU(), nn.Linear(96, 48), nn.ELU(), nn.Linear(48, 1))
optimizer = NAdam(model.parameters(), lr=4e-3)
warmup = LinearLR(optimizer, start_factor=0.2, total_iters=20)

for epoch in range(EPOCHS):
    model.train()
    order = torch.randperm(N_TRAIN)
    history = []
    for start in range(0, N_TRAIN, BATCH):
        take = order[start : start + BATCH]
        loss = nn.functional.mse_loss(model(readings[take]).squeeze(), pressure[take])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        warmup.step()
        history.append(loss.item())
    print(f"epoch {epoch:2d}: {sum(history) / len(history):.4f}")
print(f"explained variance on unseen days {explained(model, readings[N_TRAIN:], pressure[N_TRAIN:]):.3f}")
