"""Hourly irradiance-driven output of a fleet of small solar sites."""
import numpy as np
import torch
from torch.utils.data import Dataset


def simulate_fleet(sites, days, seed):
    rng = np.random.default_rng(seed)
    hours = days * 24
    t = np.arange(hours)
    sun = np.clip(np.sin(2 * np.pi * ((t % 24) - 6) / 24), 0, None)
    season = 1 + 0.35 * np.sin(2 * np.pi * t / (24 * 120))
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.97 * weather[i - 1] + 0.24 * rng.standard_normal()
    sky = 1 / (1 + np.exp(-1.5 * weather))
    capacity = rng.uniform(20, 90, size=sites)
    output = []
    for c in capacity:
        own = np.clip(sky + 0.05 * rng.standard_normal(hours), 0, 1.1)
        output.append(c * sun * season * (0.25 + 0.75 * own) + 0.01 * c * rng.standard_normal(hours))
    return np.stack(output).astype(np.float32), t


class SiteScaler:
    """Per-site standard scores, fitted on the training part only."""

    def fit(self, series):
        self.mean = series.mean(axis=1, keepdims=True)
        self.std = series.std(axis=1, keepdims=True) + 1e-6
        return self

    def transform(self, series):
        return (series - self.mean) / self.std


class WindowDataset(Dataset):
    def __init__(self, scaled, hour, history, horizon, stride):
        self.scaled = torch.from_numpy(scaled.astype(np.float32))
        angle = torch.from_numpy(2 * np.pi * (hour % 24) / 24).float()
        self.clock = torch.stack([angle.sin(), angle.cos()], dim=1)
        self.history, self.horizon = history, horizon
        last = scaled.shape[1] - history - horizon
        self.index = [(s, i) for s in range(scaled.shape[0]) for i in range(0, last, stride)]

    def __len__(self):
        return len(self.index)

    def __getitem__(self, k):
        s, i = self.index[k]
        j = i + self.history
        past = torch.cat([self.scaled[s, i:j, None], self.clock[i:j]], dim=1)
        return dict(site=s, past=past, ahead=self.clock[j:j + self.horizon], target=self.scaled[s, j:j + self.horizon])
