import math
import random

import torch
import torch.nn as nn


class SineBank:
    """Two superposed waves of unknown pitch and phase; to be told: the value six samples after the end of the window."""

    def __init__(self, size, length=24, seed=0):
        g = torch.Generator().manual_seed(seed)
        t = torch.arange(length + 6).float()
        pitch = 0.25 + 0.35 * torch.rand(size, 2, 1, generator=g)
        phase = 2 * math.pi * torch.rand(size, 2, 1, generator=g)
        wave = torch.sin(pitch * t + phase).sum(1)
        wave = wave + 0.05 * torch.randn(wave.shape, generator=g)
        self.x = wave[:, :length, None]
        self.y = wave[:, -1:]

    def batches(self, size):
        order = list(range(len(self.x)))
        random.shuffle(order)
        for i in range(0, len(order) - size + 1, size):
            pick = order[i:i + size]
            yield self.x[pick], self.y[pick]


class WaveLSTM(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.loss_fn = nn.MSELoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.steps_done = 0

    def train_step(self, x, y):
        self.model.train()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        self.steps_done += 1
        return loss.item()

    @torch.no_grad()
    def evaluate(self, data):
        self.model.eval()
        return self.loss_fn(self.model(data.x), data.y).item()

    def fit(self, train, valid, epochs, batch_size):
        for epoch in range(epochs):
            losses = [self.train_step(x, y) for x, y in train.batches(batch_size)]
            print(f"[epoch {epoch:2d} | {self.steps_done:3d} steps] train {sum(losses) / len(losses):.4f} "
                  f"valid {self.evaluate(valid):.4f}")


if __name__ == "__main__":
    random.seed(8)
    torch.manual_seed(8)
    train, valid = SineBank(1280, seed=1), SineBank(320, seed=2)
    print(f"variance of what is to be told: {valid.y.var():.4f}")
    Trainer(WaveLSTM(), lr=0.01).fit(train, valid, epochs=9, batch_size=32)
