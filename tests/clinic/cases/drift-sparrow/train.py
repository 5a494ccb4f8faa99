from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

BASE = Path(__file__).parent / "data"
LAGS = 8


class LagDataset(Dataset):
    def __init__(self, csv_file):
        self.t = torch.from_numpy(np.loadtxt(csv_file, delimiter=",", skiprows=1)).float()

    def __len__(self):
        return len(self.t) - LAGS

    def __getitem__(self, i):
        return self.t[i:i + LAGS].flatten(), self.t[i + LAGS, 0]


def score(model, ds):
    xs, ys = zip(*[ds[i] for i in range(len(ds))])
    x, y = torch.stack(xs), torch.stack(ys)
    with torch.no_grad():
        e = (model(x).squeeze(1) - y).pow(2).mean().item()
    last = (x[:, -2] - y).pow(2).mean().item()
    return e, last


if __name__ == "__main__":
    torch.manual_seed(8)
    history, live = LagDataset(BASE / "history.csv"), LagDataset(BASE / "live.csv")
    model = nn.Sequential(nn.Linear(2 * LAGS, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    batches = DataLoader(history, batch_size=64, shuffle=True, drop_last=True)
    for epoch in range(12):
        for x, y in batches:
            loss = nn.functional.mse_loss(model(x).squeeze(1), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} mse {loss.item():.4f}")
    e, last = score(model, live)
    print(f"live mse {e:.4f} (repeat-last baseline {last:.4f})")
