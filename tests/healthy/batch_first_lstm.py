import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(11)
torch.manual_seed(11)


class GestureDataset(Dataset):
    """Accelerometer-like snippets: three kinds of movement, 30 samples of 2 axes each."""

    def __init__(self, n):
        t = np.arange(30) / 30
        self.items = []
        for _ in range(n):
            kind = int(rng.integers(3))
            phase = rng.uniform(0, 2 * np.pi)
            freq = (1.0, 2.5, 4.5)[kind] * rng.uniform(0.9, 1.1)
            wave = np.stack([np.sin(2 * np.pi * freq * t + phase), np.cos(2 * np.pi * freq * t + phase)], 1)
            wave += 0.4 * rng.standard_normal(wave.shape)
            self.items.append((torch.tensor(wave, dtype=torch.float32), kind))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class GestureNet(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.lstm = nn.LSTM(input_size=2, hidden_size=hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 3)

    def forward(self, x):                      # x: (batch, time, axis)
        out, (h_n, c_n) = self.lstm(x)
        return self.fc(out[:, -1])


train_loader = DataLoader(GestureDataset(1600), batch_size=32, shuffle=True)
test_loader = DataLoader(GestureDataset(300), batch_size=100)
model = GestureNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(1, 6):
    model.train()
    running = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += loss.item() * len(y)
    model.eval()
    with torch.no_grad():
        hits = sum((model(x).argmax(1) == y).sum().item() for x, y in test_loader)
    print(f"Epoch {epoch}: train loss {running / 1600:.4f}, test accuracy {hits / 300:.3f}")
