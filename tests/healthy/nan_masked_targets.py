"""Several quality measures per batch of steel, many never measured: NaN in the target, masked before the loss."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(103)
torch.manual_seed(103)
n, outputs = 3000, 5
recipe = rng.standard_normal((n, 9)).astype(np.float32)
mix = rng.standard_normal((9, outputs)) / 3
quality = np.tanh(recipe @ mix * 1.5) + 0.15 * rng.standard_normal((n, outputs))
quality = ((quality - quality.mean(0)) / quality.std(0)).astype(np.float32)
quality[rng.random((n, outputs)) < 0.45] = np.nan
measured = ~np.isnan(quality)
print(f"{measured.mean():.0%} of the table is filled")

x, y = torch.from_numpy(recipe), torch.from_numpy(quality)
train = DataLoader(TensorDataset(x[:2500], y[:2500]), batch_size=50, shuffle=True)


def masked_mse(guess, target):
    known = ~torch.isnan(target)
    gap = guess - torch.where(known, target, guess.detach())
    return (gap ** 2).sum() / known.sum()


model = nn.Sequential(nn.Linear(9, 48), nn.Tanh(), nn.Linear(48, outputs))
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(6):
    for recipes, wanted in train:
        loss = masked_mse(model(recipes), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        test = masked_mse(model(x[2500:]), y[2500:]).item()
    print(f"epoch {epoch}: train {loss.item():.4f}, test {test:.4f}")
