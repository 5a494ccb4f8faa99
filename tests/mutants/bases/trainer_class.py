"""Sorting of recycled plastics from 10 infrared bands: a Trainer class around an MLP with batch norm and dropout."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    epochs: int = 8
    batch_size: int = 50
    lr: float = 0.05
    weight_decay: float = 1e-4
    dropout: float = 0.1
    gamma: float = 0.8
    hidden: int = 64


class SorterNet(nn.Module):
    def __init__(self, cfg, bands=10, kinds=4):
        super().__init__()
        self.stem = nn.Linear(bands, cfg.hidden)
        self.norm = nn.BatchNorm1d(cfg.hidden)
        self.body = nn.Linear(cfg.hidden, cfg.hidden)
        self.drop = nn.Dropout(cfg.dropout)
        self.head = nn.Linear(cfg.hidden, kinds)

    def forward(self, x):
        h = torch.relu(self.norm(self.stem(x)))
        h = self.drop(torch.relu(self.body(h)))
        return self.head(h)


def measure(n):
    """Band ratios decide: the kind is where two products of bands lie."""
    x = torch.randn(n, 10)
    a = x[:, 0] * x[:, 1] + 0.3 * x[:, 4]
    b = x[:, 2] * x[:, 3] + 0.3 * x[:, 5]
    y = 2 * (a > 0).long() + (b > 0).long()
    return x, y


class Trainer:
    def __init__(self, model, cfg, train_set, test_set):
        self.model, self.cfg = model, cfg
        self.train_loader = DataLoader(train_set, batch_size=cfg.batch_size, shuffle=True)
        self.test_loader = DataLoader(test_set, batch_size=500)
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=0.9, weight_decay=cfg.weight_decay)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, gamma=cfg.gamma)

    def train_epoch(self):
        self.model.train()
        total = 0.0
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        self.scheduler.step()
        return total / len(self.train_loader)

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        right = total = 0
        for x, y in self.test_loader:
            right += (self.model(x).argmax(1) == y).sum().item()
            total += len(y)
        return right / total

    def fit(self):
        for epoch in range(self.cfg.epochs):
            loss = self.train_epoch()
            print(f"epoch {epoch}: loss {loss:.4f}, test accuracy {self.evaluate():.4f}")
        return self.evaluate()


if __name__ == "__main__":
    torch.manual_seed(5)
    cfg = Config()
    x_train, y_train = measure(3000)
    x_test, y_test = measure(1000)
    model = SorterNet(cfg)
    trainer = Trainer(model, cfg, TensorDataset(x_train, y_train), TensorDataset(x_test, y_test))
    print(f"held-out accuracy {trainer.fit():.4f}")
