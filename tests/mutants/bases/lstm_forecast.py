"""Tomorrow's tide: an LSTM reads 24 hours of level and wind and forecasts the next level."""

import math

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Tides(Dataset):
    def __init__(self, n, hours=24):
        time = torch.arange(hours + 1).float()
        speed = 0.25 + 0.9 * torch.rand(n, 1)
        phase = 2 * math.pi * torch.rand(n, 1)
        level = torch.sin(speed * time + phase)
        wind = 0.5 * torch.randn(n, hours + 1)
        both = torch.stack([level, wind], dim=2) + 0.02 * torch.randn(n, hours + 1, 2)
        self.window = both[:, :-1]
        self.next = level[:, -1]

    def __len__(self):
        return len(self.window)

    def __getitem__(self, i):
        return self.window[i], self.next[i]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, window):
        states, _ = self.lstm(window)
        last = states[:, -1]
        return self.out(last).squeeze(-1)


def main():
    torch.manual_seed(23)
    train_set, test_set = Tides(1600), Tides(400)
    loader = DataLoader(train_set, batch_size=32, shuffle=True)
    model = Forecaster()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.MSELoss()
    for epoch in range(6):
        model.train()
        running = 0.0
        for window, target in loader:
            optimizer.zero_grad()
            forecast = model(window)
            loss = criterion(forecast, target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            running += loss.item() * len(window)
        print(f"Epoch {epoch + 1}: mse {running / len(train_set):.4f}")
    model.eval()
    with torch.no_grad():
        forecasts = torch.cat([model(w).reshape(-1) for w, _ in DataLoader(test_set, batch_size=32)])
    r2 = 1 - (forecasts - test_set.next).pow(2).mean() / test_set.next.var()
    print(f"held-out R2 {r2:.4f}")


if __name__ == "__main__":
    main()
