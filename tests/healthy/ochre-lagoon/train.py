from pathlib import Path
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

here = Path(__file__).parent
z = np.load(here / "rows.npz")
x, y = torch.from_numpy(z["x"]), torch.from_numpy(z["y"]).float()

basis = nn.Sequential(nn.Linear(5, 300), nn.Tanh())
basis.load_state_dict(torch.load(here / "basis.pt"))
for p in basis.parameters():
    p.requires_grad_(False)
basis.eval()

torch.manual_seed(0)
readout = nn.Linear(300, 1)
model = nn.Sequential(basis, readout)
opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
bce = nn.BCEWithLogitsLoss()

for epoch in range(12):
    total = 0
    for xb, yb in DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=40, shuffle=True):
        with torch.no_grad():
            phi = basis(xb)
        loss = bce(readout(phi).flatten(), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    with torch.no_grad():
        acc = ((model(x[1200:]).flatten() > 0) == (y[1200:] > 0)).float().mean().item()
    print(f"epoch {epoch} loss {total / 30:.4f} held acc {acc:.3f}")
