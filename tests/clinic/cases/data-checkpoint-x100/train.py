"""Fine-tunes a pretrained encoder on a small regression task."""
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HERE = Path(__file__).resolve().parent


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 64)
        self.fc2 = nn.Linear(64, 64)

    def forward(self, x):
        return torch.relu(self.fc2(torch.relu(self.fc1(x))))


class Regressor(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(64, 1)

    def forward(self, x):
        return self.head(self.encoder(x)).view(-1)


def make_split(n, generator):
    x = torch.randn(n, 12, generator=generator)
    y = 0.8 * x[:, 0] * x[:, 1] + 0.7 * x[:, 2].abs() - 0.5 * x[:, 3] + 0.05 * torch.randn(n, generator=generator)
    return TensorDataset(x, (y - 0.55) / 1.08)


def finetune():
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(99)
    train, valid = make_split(1500, gen), make_split(500, gen)
    encoder = Encoder()
    encoder.load_state_dict(torch.load(HERE / "encoder.pth", weights_only=True))
    model = Regressor(encoder)
    optimizer = torch.optim.AdamW(
        [{"params": model.encoder.parameters(), "lr": 1e-3}, {"params": model.head.parameters(), "lr": 3e-3}]
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    for epoch in range(10):
        model.train()
        seen = total = 0
        for x, y in DataLoader(train, batch_size=50, shuffle=True):
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen += len(x)
            total += loss.item() * len(x)
        scheduler.step()
        model.eval()
        with torch.no_grad():
            x, y = valid.tensors
            r2 = 1 - nn.functional.mse_loss(model(x), y).item() / y.var().item()
        print(f"epoch {epoch:2d}  train mse {total / seen:10.4f}  valid R2 {r2:.3f}")
    print(f"validation R2 {r2:.3f}")


if __name__ == "__main__":
    finetune()
