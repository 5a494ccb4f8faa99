import argparse
import math
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class HousingDataset(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        area = torch.rand(n, generator=g) * 200 + 30
        rooms = torch.randint(1, 7, (n,), generator=g).float()
        age = torch.rand(n, generator=g) * 80
        dist = torch.rand(n, generator=g) * 25
        floor = torch.randint(0, 12, (n,), generator=g).float()
        garden = (torch.rand(n, generator=g) < 0.3).float()
        price = (2.1 * area + 14 * rooms - 0.9 * age + 60 * torch.exp(-dist / 6)
                 + 35 * garden * (dist > 8).float() + 8 * torch.randn(n, generator=g))
        cols = torch.stack([area, rooms, age, dist, floor, garden], dim=1)
        self.x = (cols - cols.mean(0)) / cols.std(0)
        self.y = (price - price.mean()) / price.std()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class PriceNet(nn.Module):
    def __init__(self, d_in, width):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(d_in, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.net(x)


def rmse(yhat, y):
    return torch.sqrt(torch.mean((yhat - y) ** 2) + 1e-8)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--width", type=int, default=64)
    args = p.parse_args()

    torch.manual_seed(0)
    train = DataLoader(HousingDataset(2048, 1), batch_size=args.batch_size, shuffle=True)
    test = HousingDataset(512, 2)
    model = PriceNet(6, args.width)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = rmse(model(x), y)
            loss.backward()
            opt.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            pred = model(test.x).flatten()
            mae = (pred - test.y).abs().mean().item()
        print(f"epoch {epoch:2d}  train rmse {total / len(train):.4f}  test mae {mae:.4f}  pred std {pred.std().item():.3f}")


if __name__ == "__main__":
    main()
