import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)

MICRO_BATCH = 8
ACCUMULATE = 4          # effective batch 32

# two interleaved spirals plus a ring
n = 2400
kind = torch.randint(0, 3, (n,))
r = torch.rand(n) * 2 + 0.3
phi = r * 1.6 + kind * 2.0944 + 0.15 * torch.randn(n)
points = torch.stack([r * phi.cos(), r * phi.sin()], 1)
points = (points - points.mean(0)) / points.std(0)
train = TensorDataset(points[:2000], kind[:2000])
loader = DataLoader(train, batch_size=MICRO_BATCH, shuffle=True, drop_last=True)

model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

updates = 0
for epoch in range(5):
    optimizer.zero_grad()
    shown = 0.0
    for i, (x, y) in enumerate(loader):
        loss = criterion(model(x), y) / ACCUMULATE
        loss.backward()
        shown += loss.item() * ACCUMULATE
        if (i + 1) % ACCUMULATE == 0:
            optimizer.step()
            optimizer.zero_grad()
            updates += 1
    with torch.no_grad():
        acc = (model(points[2000:]).argmax(1) == kind[2000:]).float().mean().item()
    print(f"epoch {epoch}  updates {updates:3d}  train loss {shown / len(loader):.3f}  test acc {acc:.3f}")
