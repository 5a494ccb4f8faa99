"""House prices from area, rooms, age, distance and a quality grade."""
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Config:
    houses: int = 2400
    hidden: int = 64
    lr: float = 1e-3
    batch_size: int = 64
    epochs: int = 15
    seed: int = 21


def make_houses(n):
    area = 40 + 160 * torch.rand(n)
    rooms = (area / 28 + torch.randn(n)).round().clamp(1, 9)
    age = 80 * torch.rand(n)
    distance = 1 + 30 * torch.rand(n)
    grade = torch.randint(1, 6, (n,)).float()
    price = 900 * area * (1 + 0.12 * grade) * (1.4 - 0.02 * distance) - 500 * age + 4000 * rooms
    price = price + 6000 * torch.randn(n)
    return torch.stack([area, rooms, age, distance, grade], dim=1), price.unsqueeze(1)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    features, prices = make_houses(cfg.houses)
    features = (features - features.mean(0)) / features.std(0)
    dataset = TensorDataset(features, prices)
    train_set, test_set = random_split(dataset, [2000, 400])
    loader = DataLoader(train_set, batch_size=cfg.batch_size, shuffle=True)

    model = nn.Sequential(
        nn.Linear(5, cfg.hidden), nn.ReLU(),
        nn.Linear(cfg.hidden, cfg.hidden), nn.ReLU(),
        nn.Linear(cfg.hidden, 1),
    )
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)

    for epoch in range(cfg.epochs):
        losses = []
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1:2d}  mse {torch.stack(losses).mean():.4g}")

    x_test, y_test = test_set[:]
    with torch.no_grad():
        predicted = model(x_test)
    truth = y_test
    r2 = 1 - ((predicted - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    print(f"mean absolute error {(predicted - truth).abs().mean():,.0f} EUR")
    print(f"test R2 {r2:.3f}")


if __name__ == "__main__":
    main()
