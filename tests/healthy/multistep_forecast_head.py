"""Twelve hours ahead from the last hidden state: the GRU reads two days, one linear layer writes the forecast."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

LOOKBACK, HORIZON = 48, 12


def electricity_load(hours, rng):
    h = np.arange(hours)
    daily = np.sin(2 * np.pi * h / 24) + 0.4 * np.sin(4 * np.pi * h / 24 + 1)
    weekly = 0.3 * np.sin(2 * np.pi * h / 168)
    wander = np.zeros(hours)
    for i in range(1, hours):
        wander[i] = 0.95 * wander[i - 1] + 0.1 * rng.standard_normal()
    return daily + weekly + wander


class Windows(Dataset):
    def __init__(self, series):
        self.series = torch.as_tensor(series, dtype=torch.float32)

    def __len__(self):
        return len(self.series) - LOOKBACK - HORIZON + 1

    def __getitem__(self, start):
        cut = start + LOOKBACK
        return self.series[start:cut].unsqueeze(-1), self.series[cut:cut + HORIZON]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, HORIZON)

    def forward(self, window):
        _, last = self.gru(window)
        return self.head(last.squeeze(0))


def run():
    torch.manual_seed(35)
    load = electricity_load(3200, np.random.default_rng(35))
    train_part, test_part = load[:2600], load[2600:]
    mu, sd = train_part.mean(), train_part.std()
    train = DataLoader(Windows((train_part - mu) / sd), batch_size=32, shuffle=True)
    test = DataLoader(Windows((test_part - mu) / sd), batch_size=256)
    net = Forecaster()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(3):
        net.train()
        seen = []
        for window, future in train:
            loss = nn.functional.mse_loss(net(window), future)
            opt.zero_grad()
            loss.backward()
            opt.step()
            seen.append(loss.item())
        net.eval()
        with torch.no_grad():
            errors = torch.cat([(net(w) - f) ** 2 for w, f in test]).mean(0)
        print(f"epoch {epoch}: {np.mean(seen[:5]):.3f} -> {np.mean(seen[-20:]):.3f} | test, hour 1/6/12: {errors[0]:.3f} {errors[5]:.3f} {errors[11]:.3f}")


if __name__ == "__main__":
    run()
