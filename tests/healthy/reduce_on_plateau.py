"""Regression with ReduceLROnPlateau, stepped on the validation loss."""
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(81)


def friedman(n, noise=0.3):
    x = torch.rand(n, 8)
    y = torch.sin(torch.pi * x[:, 0] * x[:, 1]) * 2 + 4 * (x[:, 2] - 0.5) ** 2 + 2 * x[:, 3] + x[:, 4]
    return (x - 0.5) * 12 ** 0.5, (y + noise * torch.randn(n)).unsqueeze(1)


x, y = friedman(3000)
y = (y - y.mean()) / y.std()
train_dl = DataLoader(TensorDataset(x[:2400], y[:2400]), batch_size=60, shuffle=True)
val_dl = DataLoader(TensorDataset(x[2400:], y[2400:]), batch_size=600)

model = nn.Sequential(nn.Linear(8, 40), nn.Softplus(), nn.Linear(40, 40), nn.Softplus(), nn.Linear(40, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=1)


def epoch_pass(loader, train):
    model.train(train)
    total, rows = 0.0, 0
    with torch.set_grad_enabled(train):
        for xb, yb in loader:
            loss = nn.functional.mse_loss(model(xb), yb)
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(xb)
            rows += len(xb)
    return total / rows


for epoch in range(8):
    tr, va = epoch_pass(train_dl, True), epoch_pass(val_dl, False)
    scheduler.step(va)
    print(f"{epoch:2d}  train {tr:.4f}  val {va:.4f}  lr {optimizer.param_groups[0]['lr']:.5f}")
