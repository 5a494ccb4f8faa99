"""River level from rainfall: one LSTM reads the hourly rain of a storm, storms last between 12 and 120 hours."""
import numpy as np
import torch
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class Storms(Dataset):
    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.rain, self.level = [], []
        for _ in range(count):
            hours = int(12 + 108 * rng.random() ** 4)
            wet = rng.random(hours) < 0.2
            rain = wet * rng.gamma(2.0, 0.5, hours)
            soil, level = 0.0, []
            base = 0.6
            for r in rain:
                soil = 0.85 * soil + r
                level.append(base + 0.5 * np.tanh(0.5 * soil))
            self.rain.append(torch.tensor(rain, dtype=torch.float32).unsqueeze(-1))
            self.level.append(torch.tensor(np.array(level), dtype=torch.float32).unsqueeze(-1))

    def __len__(self):
        return len(self.rain)

    def __getitem__(self, i):
        return self.rain[i], self.level[i]


def collate(storms):
    rain, level = zip(*storms)
    lengths = torch.tensor([len(r) for r in rain])
    return pad_sequence(rain, batch_first=True), pad_sequence(level, batch_first=True), lengths


class RiverModel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, rain):
        states, _ = self.lstm(rain)
        return self.linear(states)


def level_loss(predicted, level, lengths):
    real = torch.arange(level.size(1)) < lengths.unsqueeze(1)
    return nn.functional.mse_loss(predicted[real], level[real])


@torch.no_grad()
def skill(model, storms):
    """1 - squared error / variance over the real hours of every storm (1 = perfect, 0 = no better than the mean)."""
    model.eval()
    real = torch.cat([storms.level[i] for i in range(len(storms))])
    told = torch.cat([model(storms.rain[i][None])[0] for i in range(len(storms))])
    return (1 - (told - real).pow(2).mean() / real.var()).item()


def run(epochs=10):
    torch.manual_seed(17)
    train, test = Storms(640, seed=1), Storms(100, seed=2)
    loader = DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)
    model = RiverModel()
    optimizer = optim.NAdam(model.parameters(), lr=5e-3)
    for epoch in range(epochs):
        model.train()
        for rain, level, lengths in loader:
            loss = level_loss(model(rain), level, lengths)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1:2d} loss {loss.item():.4f} skill on test storms {skill(model, test):+.3f}", flush=True)


run()
