"""Kaufpreis einer Wohnung schätzen. Preise stehen in der Datei in Millionen Euro."""
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def lade(pfad):
    zeilen = pfad.read_text().splitlines()[1:]
    werte = torch.tensor([[float(v) for v in z.split(";")] for z in zeilen])
    return TensorDataset(werte[:, :-1], werte[:, -1:])


class Modell(nn.Module):
    def __init__(self, merkmale=5, breite=48):
        super().__init__()
        self.schichten = nn.ModuleList([nn.Linear(merkmale, breite), nn.Linear(breite, breite)])
        self.ausgang = nn.Linear(breite, 1)

    def forward(self, x):
        for schicht in self.schichten:
            x = torch.relu(schicht(x))
        return self.ausgang(x)


def bestimmtheit(modell, daten):
    x, y = daten.dataset.tensors[0][daten.indices], daten.dataset.tensors[1][daten.indices]
    with torch.no_grad():
        rest = (modell(x) - y).pow(2).sum()
    return float(1 - rest / (y - y.mean()).pow(2).sum())


def main():
    torch.manual_seed(8)
    daten = lade(Path(__file__).resolve().parent / "wohnungen.csv")
    training, test = random_split(daten, [900, 200])
    modell = Modell()
    opt = torch.optim.Adam(modell.parameters(), lr=3e-3)
    verlust_fn = nn.MSELoss()
    for epoche in range(1, 11):
        for x, y in DataLoader(training, batch_size=45, shuffle=True):
            opt.zero_grad()
            verlust = verlust_fn(modell(x), y)
            verlust.backward()
            opt.step()
        print(f"Epoche {epoche:2d}: Verlust {verlust.item():.4g}, R2 {bestimmtheit(modell, test):.3f}")
    print(f"R2 auf den Testwohnungen {bestimmtheit(modell, test):.3f}")


main()
