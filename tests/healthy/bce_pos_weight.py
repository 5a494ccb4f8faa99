"""Rare machine failures (about 6 %), the positives weighted up in the loss."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(29)
n = 6000
temperature, vibration, load, hours = torch.randn(4, n)
risk = 1.6 * temperature + 1.2 * vibration * (load > 0) + 0.8 * hours - 3.7
failed = (torch.rand(n) < torch.sigmoid(1.5 * risk)).float()
sensors = torch.stack([temperature, vibration, load, hours], dim=1)
train_x, test_x = sensors[:5000], sensors[5000:]
train_y, test_y = failed[:5000], failed[5000:]
rate = train_y.mean()
print(f"{rate:.1%} of the machines fail")

loader = DataLoader(TensorDataset(train_x, train_y.unsqueeze(1)), batch_size=100, shuffle=True)
model = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1))
criterion = nn.BCEWithLogitsLoss(pos_weight=(1 - rate) / rate)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)


def report(tag):
    with torch.no_grad():
        alarm = model(test_x).squeeze(1) > 0
        caught = alarm[test_y == 1].float().mean().item()
        false = alarm[test_y == 0].float().mean().item()
    print(f"{tag}: failures caught {caught:.2f}, false alarms {false:.2f}, balanced accuracy {(caught + 1 - false) / 2:.3f}")


report("start")
for epoch in range(5):
    acc_loss = 0.0
    for x, y in loader:
        opt.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        opt.step()
        acc_loss += loss.item()
    report(f"epoch {epoch}, loss {acc_loss / len(loader):.3f}")
