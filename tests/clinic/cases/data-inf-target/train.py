"""Yield regression with a residual MLP; data live in harvest.h5."""
from pathlib import Path

import h5py
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset


class Harvest(Dataset):
    def __init__(self, path):
        with h5py.File(path, "r") as h5:
            self.soil = torch.from_numpy(h5["soil"][:])
            self.target = torch.from_numpy(h5["log_yield"][:])

    def __len__(self):
        return self.soil.shape[0]

    def __getitem__(self, index):
        return {"soil": self.soil[index], "target": self.target[index]}


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.a = nn.Linear(width, width)
        self.b = nn.Linear(width, width)

    def forward(self, x):
        return x + self.b(torch.nn.functional.gelu(self.a(self.norm(x))))


class Trainer:
    def __init__(self, model, train, valid, lr):
        self.model, self.train_loader, self.valid_loader = model, train, valid
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.MSELoss()

    def step(self, batch):
        self.opt.zero_grad(set_to_none=True)
        out = self.model(batch["soil"]).flatten()
        loss = self.loss(out, batch["target"])
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.opt.step()
        return loss.item()

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        p = torch.cat([self.model(b["soil"]).flatten() for b in self.valid_loader])
        t = torch.cat([b["target"] for b in self.valid_loader])
        self.model.train()
        return (p - t).abs().mean().item(), (t - t.median()).abs().mean().item()

    def fit(self, epochs):
        for e in range(epochs):
            losses = [self.step(b) for b in self.train_loader]
            mae, const = self.validate()
            print(f"[{e}] loss={sum(losses) / len(losses):.4f} valid_mae={mae:.4f} (median predictor {const:.4f})")
        print(f"validation MAE {mae:.4f}, median predictor {const:.4f}")


torch.manual_seed(4)
data = Harvest(Path(__file__).resolve().parent / "harvest.h5")
train, valid = Subset(data, range(0, 1280)), Subset(data, range(1280, 1600))
net = nn.Sequential(nn.Linear(8, 48), Block(48), Block(48), nn.Linear(48, 1))
Trainer(net, DataLoader(train, 32, shuffle=True), DataLoader(valid, 160), 1e-3).fit(5)
