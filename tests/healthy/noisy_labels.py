"""One label in five is wrong, and the network still finds the rule."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED, CLASSES, FLIP = 58, 4, 0.20
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)


def seismograms(n):
    label = rng.integers(CLASSES, size=n)
    t = np.linspace(0, 1, 40)
    onset = rng.uniform(0.1, 0.5, n)[:, None]
    freq = np.array([3, 6, 10, 15])[label][:, None]
    decay = np.exp(-4 * np.clip(t - onset, 0, None)) * (t > onset)
    x = decay * np.sin(2 * np.pi * freq * (t - onset)) * 1.5 + 0.3 * rng.standard_normal((n, 40))
    return torch.tensor(x / x.std(), dtype=torch.float32).unsqueeze(1), label


x_train, clean = seismograms(4000)
wrong = rng.random(4000) < FLIP
given = np.where(wrong, (clean + rng.integers(1, CLASSES, 4000)) % CLASSES, clean)
x_test, y_test = seismograms(500)
y_test = torch.from_numpy(y_test)
loader = DataLoader(TensorDataset(x_train, torch.from_numpy(given)), batch_size=50, shuffle=True)

model = nn.Sequential(nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(16, 32, 5, padding=2), nn.ReLU(),
                      nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(32, CLASSES))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
print(f"{wrong.mean():.1%} of the training labels are wrong")
for epoch in range(4):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch}: loss against the given labels {total / len(loader):.3f}, accuracy on clean test data {acc:.3f}")
