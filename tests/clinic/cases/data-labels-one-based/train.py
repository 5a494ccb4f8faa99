# classement de vins : cinq classes, numérotées à partir de zéro
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CLASSES = 5
tableau = np.genfromtxt(Path(__file__).resolve().parent / "wine.csv", delimiter=",", dtype=np.float32)
x = torch.from_numpy(tableau[:, :11])
y = torch.from_numpy(tableau[:, 11]).long()
x = (x - x.mean(0)) / x.std(0)

torch.manual_seed(31)
appris, retenu = TensorDataset(x[:800], y[:800]), (x[800:], y[800:])
modele = nn.Sequential(nn.Linear(11, 50), nn.ReLU(), nn.Dropout(0.1), nn.Linear(50, CLASSES))
opt = torch.optim.AdamW(modele.parameters(), lr=5e-3)
critere = nn.CrossEntropyLoss(label_smoothing=0.02)

for tour in range(8):
    modele.train()
    for lot_x, lot_y in DataLoader(appris, batch_size=32, shuffle=True):
        opt.zero_grad()
        perte = critere(modele(lot_x), lot_y)
        perte.backward()
        opt.step()
    modele.eval()
    with torch.no_grad():
        juste = (modele(retenu[0]).argmax(1) == retenu[1]).float().mean().item()
    print(f"tour {tour} perte {perte.item():.3f} justesse {juste:.3f}")
print(f"justesse sur les vins retenus {juste:.3f}")
