"""Heat loss of a building from 14 audit figures, warm start from last year's model."""
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(61)
N, D = 2200, 14
audit = torch.randn(N, D)
loss_kw = audit[:, 0] + 0.8 * audit[:, 1] * audit[:, 2] - 0.6 * audit[:, 3].abs() + 0.4 * audit[:, 4] + 0.1 * torch.randn(N)
loss_kw = ((loss_kw - loss_kw.mean()) / loss_kw.std()).unsqueeze(1)
train_x, valid_x = audit.split([1800, 400])
train_y, valid_y = loss_kw.split([1800, 400])

model = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
model.load_state_dict(torch.load(Path(__file__).resolve().parent / "warmstart.pth"))

optimizer = torch.optim.Adam(model.parameters(), lr=1.5e-3)
huber = nn.HuberLoss()
best = float("inf")
for epoch in range(7):
    model.train()
    for idx in torch.randperm(1800).split(60):
        prediction = model(train_x[idx])
        loss = huber(prediction, train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        mse = (model(valid_x) - valid_y).square().mean().item()
    best = min(best, mse)
    print(f"epoch {epoch} huber {loss.item():.4f} valid mse {mse:.4f}")
print(f"best validation mse {best:.3f} (variance {valid_y.var().item():.3f})")
