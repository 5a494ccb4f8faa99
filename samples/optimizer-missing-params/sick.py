"""Do three sensors agree? Each of three sensor windows has its own encoder; a head compares the codes."""
import torch
import torch.nn as nn
import torch.nn.functional as F

SENSORS, WINDOW, CODE = 3, 32, 1


def windows(n, generator):
    """Sensor windows show a slow or a fast oscillation; the class is the number of fast ones."""
    fast = torch.randint(0, 2, (n, SENSORS), generator=generator)
    t = torch.linspace(0, 1, WINDOW)
    freq = 3.0 + 2.0 * fast.unsqueeze(-1)
    phase = 6.283 * torch.rand(n, SENSORS, 1, generator=generator)
    signal = torch.sin(6.283 * freq * t + phase)
    return signal + 0.5 * torch.randn(n, SENSORS, WINDOW, generator=generator), fast.sum(1)


class SensorEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 12, kernel_size=9, padding=4)
        self.to_code = nn.Linear(12, CODE)

    def forward(self, signal):
        h = F.relu(self.conv(signal.unsqueeze(1)))
        return self.to_code(h.mean(dim=2))


class AgreementNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoders = [SensorEncoder() for _ in range(SENSORS)]
        self.norm = nn.LayerNorm(SENSORS * CODE)
        self.head = nn.Linear(SENSORS * CODE, SENSORS + 1)

    def forward(self, x):
        codes = [encode(x[:, i]) for i, encode in enumerate(self.encoders)]
        return self.head(F.relu(self.norm(torch.cat(codes, dim=1))))


class Experiment:
    epochs = 10
    batch_size = 50

    def __init__(self, seed=9):
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.train_set = windows(3000, self.generator)
        self.test_set = windows(800, self.generator)
        self.model = AgreementNet()
        self.optimizer = torch.optim.NAdam(self.model.parameters(), lr=5e-3)

    def fit(self):
        x, y = self.train_set
        for epoch in range(self.epochs):
            order = torch.randperm(len(x), generator=self.generator)
            for rows in order.split(self.batch_size):
                loss = F.cross_entropy(self.model(x[rows]), y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            print(f"epoch {epoch}: loss {loss.item():.3f}, test accuracy {self.score():.3f}")
        return self

    @torch.no_grad()
    def score(self):
        x, y = self.test_set
        return (self.model(x).argmax(dim=1) == y).float().mean().item()


if __name__ == "__main__":
    print(f"test accuracy {Experiment().fit().score():.3f}")
