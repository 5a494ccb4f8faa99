"""Will the bearing fail within a week? Eight vibration figures, one logit, command-line options."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def bearings(n):
    x = torch.randn(n, 8)
    strain = x[:, 0] ** 2 + x[:, 1] ** 2 - 1.5 + 0.8 * x[:, 2] * x[:, 3]
    return x, (strain + 0.15 * torch.randn(n) > 0).float()


class FailureNet(nn.Module):
    def __init__(self, hidden, dropout):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(8, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
        )
        self.score = nn.Linear(hidden, 1)

    def forward(self, x):
        h = self.layers(x)
        return self.score(h).squeeze(1)


def train(model, loader, optimizer, epochs):
    for epoch in range(epochs):
        model.train()
        total, seen = 0.0, 0
        for x, y in loader:
            logits = model(x)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, seen = total + loss.item() * len(y), seen + len(y)
        print(f"epoch {epoch + 1}/{epochs}: log loss {total / seen:.4f}")


def balanced_accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        alarm = torch.sigmoid(model(x)) > 0.5
    return (alarm[y == 1].float().mean() + (~alarm[y == 0]).float().mean()) / 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--hidden", type=int, default=48)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()
    torch.manual_seed(53)
    x_train, y_train = bearings(2400)
    x_test, y_test = bearings(1200)
    loader = DataLoader(TensorDataset(x_train, y_train), batch_size=40, shuffle=True)
    model = FailureNet(args.hidden, args.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    train(model, loader, optimizer, args.epochs)
    print(f"held-out balanced accuracy {balanced_accuracy(model, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
