"""Prévision de la hauteur des vagues à partir de huit bouées (anomalies centrées réduites)."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


@dataclass
class Config:
    dossier: Path = Path(__file__).resolve().parent
    taille_lot: int = 40
    pas: float = 0.03
    epoques: int = 8
    cachees: int = 64


class Bouees(Dataset):
    def __init__(self, dossier):
        self.x = np.load(dossier / "buoys.npy")
        self.y = np.load(dossier / "waves.npy")

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), torch.tensor(self.y[i])


def entrainer(cfg):
    torch.manual_seed(1)
    donnees = Bouees(cfg.dossier)
    appr, val = random_split(donnees, [1400, 400])
    lots = DataLoader(appr, cfg.taille_lot, shuffle=True)
    lots_val = DataLoader(val, 200)
    reseau = nn.Sequential(
        nn.Linear(8, cfg.cachees), nn.ReLU(), nn.Linear(cfg.cachees, cfg.cachees), nn.ReLU(), nn.Linear(cfg.cachees, 1)
    )
    opt = torch.optim.SGD(reseau.parameters(), lr=cfg.pas, momentum=0.9)
    for ep in range(cfg.epoques):
        cumul = 0.0
        for x, y in lots:
            perte = F.mse_loss(reseau(x)[:, 0], y)
            opt.zero_grad()
            perte.backward()
            opt.step()
            cumul += perte.item()
        with torch.no_grad():
            # erreur absolue médiane, en écarts-types
            erreurs = torch.cat([(reseau(x)[:, 0] - y).abs() for x, y in lots_val])
        print(f"époque {ep + 1}: perte {cumul / len(lots):.4g}, erreur médiane {erreurs.median():.3f}")
    return erreurs.median().item()


if __name__ == "__main__":
    print(f"erreur absolue médiane de validation {entrainer(Config()):.3f}")
