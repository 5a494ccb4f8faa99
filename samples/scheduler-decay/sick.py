"""Entfernung zweier Punkte auf der Kugel schaetzen (regression on pairs of points on a sphere)."""
import math

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

HYPER = dict(lr=1e-3, gamma=0.8, batch=64, epochs=10, width=128, seed=31)


def paare(n):
    p = nn.functional.normalize(torch.randn(n, 3), dim=1)
    q = nn.functional.normalize(torch.randn(n, 3), dim=1)
    abstand = torch.acos((p * q).sum(1).clamp(-1, 1))
    return torch.cat([p, q], 1) * math.sqrt(3), (abstand - math.pi / 2) / 0.68


def bewerten(netz, x, y):
    netz.eval()
    with torch.no_grad():
        rest = netz(x).squeeze(1) - y
    netz.train()
    return 1 - (rest.square().mean() / y.var()).item()


def trainieren(netz, lader, pruefung):
    kriterium = nn.MSELoss()
    optimierer = optim.Adam(netz.parameters(), lr=HYPER["lr"])
    plan = optim.lr_scheduler.ExponentialLR(optimierer, gamma=HYPER["gamma"])
    for epoche in range(1, HYPER["epochs"] + 1):
        summe = 0.0
        for x, y in lader:
            optimierer.zero_grad()
            verlust = kriterium(netz(x).squeeze(1), y)
            verlust.backward()
            optimierer.step()
            plan.step()
            summe += verlust.item()
        print(f"Epoche {epoche:2d}  Verlust {summe / len(lader):.4f}  R2 {bewerten(netz, *pruefung):.3f}")


if __name__ == "__main__":
    torch.manual_seed(HYPER["seed"])
    lader = DataLoader(TensorDataset(*paare(3200)), batch_size=HYPER["batch"], shuffle=True)
    pruefung = paare(1000)
    netz = nn.Sequential(nn.Linear(6, HYPER["width"]), nn.ReLU(), nn.Linear(HYPER["width"], HYPER["width"]), nn.ReLU(),
                         nn.Linear(HYPER["width"], 1))
    trainieren(netz, lader, pruefung)
    print(f"test R2 {bewerten(netz, *pruefung):.3f}")
