from dataclasses import dataclass, field
import torch
import torch.nn as nn


@dataclass
class TrainConfig:
    epochs: int = 12
    batch_size: int = 32
    lr: float = 2e-3
    step_size: int = 2
    gamma: float = 0.5
    channels: list = field(default_factory=lambda: [1, 16, 16])


class Forecaster(nn.Module):
    def __init__(self, ch):
        super().__init__()
        convs = []
        for a, b in zip(ch[:-1], ch[1:]):
            convs += [nn.Conv1d(a, b, 5, padding=2), nn.ReLU()]
        self.convs = nn.Sequential(*convs)
        self.head = nn.Linear(ch[-1] * 48, 6)

    def forward(self, x):
        return self.head(self.convs(x.unsqueeze(1)).flatten(1))


def passengers(n_days=75):
    t = torch.arange(n_days * 24.)
    day = torch.exp(-((t % 24 - 8) / 2) ** 2) + 1.2 * torch.exp(-((t % 24 - 17.5) / 2.5) ** 2)
    week = 1 - 0.45 * (((t // 24) % 7) >= 5).float()
    s = day * week + 0.05 * torch.randn(len(t))
    s = (s - s.mean()) / s.std()
    win = s.unfold(0, 54, 1)
    return win[:, :48], win[:, 48:]


def fit(cfg):
    torch.manual_seed(0)
    x, y = passengers()
    n = int(0.8 * len(x))
    train = torch.utils.data.TensorDataset(x[:n], y[:n])
    loader = torch.utils.data.DataLoader(train, cfg.batch_size, shuffle=True)
    model = Forecaster(cfg.channels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, cfg.step_size, cfg.gamma)
    for epoch in range(cfg.epochs):
        mean = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(xb), yb)
            loss.backward()
            optimizer.step()
            scheduler.step()
            mean += loss.item() / len(loader)
        print(f"epoch {epoch + 1:2d}/{cfg.epochs} mse {mean:.4f}")
    with torch.no_grad():
        err = nn.functional.mse_loss(model(x[n:]), y[n:]).item()
    print(f"last fifth of the series: mse {err:.4f} (variance {y[n:].var().item():.4f})")


fit(TrainConfig())
