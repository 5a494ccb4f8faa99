"""Finds voltage sags in feeder traces (h5 export, ordered by event code)."""
import argparse
from pathlib import Path

import h5py
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Traces(Dataset):
    def __init__(self, volts, sag):
        level = volts.median(dim=1, keepdim=True).values
        self.x = ((volts - level) / 500.0).unsqueeze(1)
        self.y = sag

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def read(path):
    with h5py.File(path, "r") as f:
        return torch.from_numpy(f["volts"][:]).float(), torch.from_numpy(f["sag"][:]).float()


def stratified(y, share, gen):
    held = []
    for value in (0, 1):
        rows = torch.nonzero(y == value).squeeze(1)
        rows = rows[torch.randperm(len(rows), generator=gen)]
        held.append(rows[: int(len(rows) * share)])
    held = torch.cat(held)
    keep = torch.ones(len(y), dtype=torch.bool)
    keep[held] = False
    return torch.nonzero(keep).squeeze(1), held


class SagNet(nn.Module):
    def __init__(self, c=16):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, c, 3, padding=1), nn.ReLU(),
            nn.Conv1d(c, c, 3, padding=1), nn.ReLU(),
            nn.Conv1d(c, c, 3, padding=1), nn.ReLU(),
        )
        self.fc = nn.Linear(c, 1)

    def forward(self, x):
        return self.fc(self.conv(x).amax(-1)).squeeze(-1)


def rates(model, loader):
    model.eval()
    with torch.no_grad():
        z, y = map(torch.cat, zip(*[(model(a), b) for a, b in loader]))
    model.train()
    hit = z > 0
    return hit[y == 1].float().mean().item(), (~hit)[y == 0].float().mean().item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--file", default=str(Path(__file__).with_name("feeder.h5")))
    ap.add_argument("--epochs", type=int, default=14)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--lr", type=float, default=3e-3)
    opts = ap.parse_args()

    gen = torch.Generator().manual_seed(31)
    torch.manual_seed(31)
    volts, sag = read(opts.file)
    tr, va = stratified(sag, 0.3, gen)
    train = DataLoader(Traces(volts[tr], sag[tr]), batch_size=opts.batch, shuffle=True)
    valid = DataLoader(Traces(volts[va], sag[va]), batch_size=512)

    positives = sag[tr].sum()
    weight = (len(tr) - positives) / positives
    print(f"{len(tr)} traces, {int(positives)} sags, weight {weight:.1f}")
    model = SagNet()
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=weight)
    optim = torch.optim.Adam(model.parameters(), lr=opts.lr)
    for epoch in range(opts.epochs):
        total = 0.0
        for x, y in train:
            loss = loss_fn(model(x), y)
            optim.zero_grad()
            loss.backward()
            optim.step()
            total += loss.item()
        if epoch % 2 == 1:
            sens, spec = rates(model, valid)
            print(f"epoch {epoch + 1:2d}  loss {total / len(train):.3f}  sensitivity {sens:.3f}  specificity {spec:.3f}  balanced {(sens + spec) / 2:.3f}")
