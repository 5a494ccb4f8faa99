import argparse
from pathlib import Path
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

ap = argparse.ArgumentParser()
ap.add_argument("--csv", default=str(Path(__file__).parent / "homes.csv"))
ap.add_argument("--epochs", type=int, default=25)
ap.add_argument("--lr", type=float, default=1e-2)
args = ap.parse_args()

raw = torch.tensor(np.loadtxt(args.csv, delimiter=",", skiprows=1), dtype=torch.float32)
everything = TensorDataset(raw[:, :4], raw[:, 4])
train, test = random_split(everything, [1300, 300], generator=torch.Generator().manual_seed(0))


class PriceModel(nn.Module):
    def __init__(self, x, y):
        super().__init__()
        for name, val in (("xm", x.mean(0)), ("xs", x.std(0)), ("ym", y.mean()), ("ys", y.std())):
            self.register_buffer(name, val)
        self.core = nn.Sequential(nn.Linear(4, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.core((x - self.xm) / self.xs).squeeze(1) * self.ys + self.ym

    def loss(self, x, y):
        return ((self(x) - y) / self.ys).pow(2).mean()


torch.manual_seed(9)
xt, yt = everything[train.indices]
model = PriceModel(xt, yt)
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
for ep in range(args.epochs):
    for x, y in DataLoader(train, 65, shuffle=True):
        opt.zero_grad()
        loss = model.loss(x, y)
        loss.backward()
        opt.step()
    if ep % 4 == 0:
        x, y = everything[test.indices]
        with torch.no_grad():
            e = model(x) - y
        print(f"epoch {ep} loss {loss.item():.4f} mae {e.abs().mean().item():.0f} r2 {1 - (e.pow(2).mean() / y.var()).item():.3f}")
