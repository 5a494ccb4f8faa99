import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

ACTIVITIES = ["walk", "run", "stairs", "cycle", "row"]
WINDOW, AXES = 64, 6


def simulate(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, len(ACTIVITIES), (n,), generator=g)
    t = torch.arange(WINDOW).float() / 32
    base_freq = torch.tensor([1.8, 2.9, 1.4, 1.2, 0.6])
    axis_gain = torch.tensor([
        [1.0, 0.4, 0.7, 0.2, 0.5, 0.1],
        [1.4, 0.6, 1.0, 0.4, 0.6, 0.3],
        [0.8, 0.3, 1.2, 0.5, 0.2, 0.4],
        [0.2, 0.9, 0.3, 1.0, 0.1, 0.6],
        [0.9, 1.1, 0.2, 0.3, 1.0, 0.2],
    ])
    f = base_freq[y] * (1 + 0.06 * torch.randn(n, generator=g))
    ph = torch.rand(n, generator=g) * 2 * math.pi
    wave = torch.sin(2 * math.pi * f[:, None] * t[None, :] + ph[:, None])
    x = wave[:, :, None] * axis_gain[y][:, None, :]
    x = x + 0.5 * torch.randn(n, WINDOW, AXES, generator=g)
    return x, y


def collate(rows):
    xs, ys = zip(*rows)
    return torch.stack(xs, dim=1), torch.stack(ys)


class ActivityNet(nn.Module):
    """Takes (time, batch, axes) windows as the logger delivers them."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(AXES, 24, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(24, 32, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool1d(4),
        )
        self.fc = nn.Linear(32 * 4, len(ACTIVITIES))

    def forward(self, x):
        T, B, C = x.shape
        x = x.reshape(B, C, T)
        x = self.conv(x)
        return self.fc(x.flatten(1))


class Trainer:
    def __init__(self, model, train_loader, test_loader, lr=2e-3):
        self.model = model
        self.train_loader = train_loader
        self.test_loader = test_loader
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()

    def fit(self, epochs):
        for e in range(epochs):
            self.model.train()
            losses = []
            for x, y in self.train_loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                losses.append(loss.item())
            print(f"epoch {e + 1}: loss={sum(losses) / len(losses):.4f} test_acc={self.test():.3f}")

    @torch.no_grad()
    def test(self):
        self.model.eval()
        hits = total = 0
        for x, y in self.test_loader:
            hits += (self.model(x).argmax(1) == y).sum().item()
            total += len(y)
        return hits / total


if __name__ == "__main__":
    torch.manual_seed(42)
    train_dl = DataLoader(TensorDataset(*simulate(1600, 0)), batch_size=40, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(TensorDataset(*simulate(400, 1)), batch_size=40, collate_fn=collate)
    Trainer(ActivityNet(), train_dl, test_dl).fit(10)
