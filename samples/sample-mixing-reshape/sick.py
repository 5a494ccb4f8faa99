"""Gesture recognition: which of six gestures does a 3-axis accelerometer track of 24 samples show?"""
import numpy as np
import torch
from torch import nn

T, AXES, GESTURES = 24, 3, 6


def simulate(n, rng):
    gesture = rng.integers(0, GESTURES, n)
    t = np.linspace(0, 1, T)[None, :]
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    rate = np.array([1, 2, 3])[gesture % 3][:, None]
    turn = np.where(gesture < 3, 1.0, -1.0)[:, None]
    angle = 2 * np.pi * rate * t + phase
    track = np.stack([np.cos(angle), turn * np.sin(angle), 0.5 * np.cos(2 * angle)], axis=-1)
    track += 0.3 * rng.standard_normal(track.shape)
    return torch.tensor(track, dtype=torch.float32), torch.tensor(gesture)


class GestureNet(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.project = nn.Linear(AXES, 16)
        self.gru = nn.GRU(16, hidden)
        self.out = nn.Linear(hidden, GESTURES)

    def forward(self, x):
        batch, steps, _ = x.shape
        h = torch.relu(self.project(x))
        h = h.view(steps, batch, -1)  # time first for the GRU
        states, _ = self.gru(h)
        return self.out(states.mean(dim=0))


class Trainer:
    def __init__(self, model, train, test, batch_size=40, lr=4e-3):
        self.model, self.train_data, self.test_data = model, train, test
        self.batch_size = batch_size
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def iterate(self, data, shuffle):
        x, y = data
        order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
        for start in range(0, len(x), self.batch_size):
            pick = order[start:start + self.batch_size]
            yield x[pick], y[pick]

    def run_epoch(self):
        self.model.train()
        history = []
        for x, y in self.iterate(self.train_data, shuffle=True):
            loss = self.criterion(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            history.append(loss.item())
        return float(np.mean(history))

    @torch.no_grad()
    def accuracy(self):
        self.model.eval()
        right = sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.iterate(self.test_data, shuffle=False))
        return right / len(self.test_data[1])


if __name__ == "__main__":
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    trainer = Trainer(GestureNet(), simulate(1600, rng), simulate(400, rng))
    for epoch in range(8):
        print(f"epoch {epoch + 1}: loss {trainer.run_epoch():.4f}, accuracy {trainer.accuracy():.3f}")
    print(f"test accuracy {trainer.accuracy():.3f}")
