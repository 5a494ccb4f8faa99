"""The files lie sorted by class and are very uneven in number; a WeightedRandomSampler draws evenly."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(193)
COUNTS = [1800, 500, 200, 100]
shape = torch.randn(4, 20) * 0.9


def recordings(counts):
    xs, ys = [], []
    for k, count in enumerate(counts):                      # class after class
        xs.append(shape[k] + torch.randn(count, 20) * 1.1)
        ys.append(torch.full((count,), k))
    return torch.cat(xs), torch.cat(ys)


x, y = recordings(COUNTS)
weight = (1.0 / torch.tensor(COUNTS, dtype=torch.float64))[y]
sampler = WeightedRandomSampler(weight, num_samples=2400, replacement=True)
loader = DataLoader(TensorDataset(x, y), batch_size=32, sampler=sampler)
x_test, y_test = recordings([100] * 4)

model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(4):
    model.train()
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        guess = model(x_test).argmax(1)
    print(f"epoch {epoch}: loss {total / len(loader):.3f}, recall per class", [round((guess[y_test == k] == k).float().mean().item(), 2) for k in range(4)])
