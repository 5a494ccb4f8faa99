import numpy as np
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import TensorDataset, DataLoader


def draw(kind, rng, s=20):
    yy, xx = np.mgrid[0:s, 0:s].astype("float32")
    cx, cy = rng.uniform(6, 14, 2)
    r = rng.uniform(3.0, 5.5)
    d = np.sqrt((xx - cx) ** 2 + (yy - cy) ** 2)
    if kind == 0:
        img = (d < r)
    elif kind == 1:
        img = (np.abs(xx - cx) < r * 0.85) & (np.abs(yy - cy) < r * 0.85)
    elif kind == 2:
        img = (np.abs(xx - cx) + np.abs(yy - cy) < r * 1.2)
    elif kind == 3:
        img = (np.abs(d - r) < 1.2)
    else:
        img = ((np.abs(xx - cx) < 1.2) | (np.abs(yy - cy) < 1.2)) & (d < r + 1)
    return img.astype("float32") * rng.uniform(0.6, 1.2) + rng.normal(0, 0.25, (s, s))


def make_split(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 5, n)
    x = np.stack([draw(k, rng) for k in y]).astype("float32")[:, None]
    return TensorDataset(torch.tensor((x - 0.25) / 0.45), torch.tensor(y))


class ShapeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(24 * 25, 48), nn.ReLU(), nn.Linear(48, 5))

    def forward(self, x):
        return self.classifier(self.features(x))


class Trainer:
    def __init__(self, model, train_loader, val_loader, epochs):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.epochs = epochs
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
        self.scheduler = StepLR(self.optimizer, step_size=3, gamma=0.5)

    def train_one_epoch(self):
        self.model.train()
        losses = []
        for images, target in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(images), target)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        correct = total = 0
        for images, target in self.val_loader:
            correct += (self.model(images).argmax(1) == target).sum().item()
            total += len(target)
        return correct / total

    def fit(self):
        for epoch in range(self.epochs):
            loss = self.train_one_epoch()
            acc = self.validate()
            print("Epoch [%d/%d] loss: %.4f val_acc: %.3f" % (epoch + 1, self.epochs, loss, acc))


if __name__ == "__main__":
    torch.manual_seed(21)
    train_loader = DataLoader(make_split(2000, 0), batch_size=50, shuffle=True)
    val_loader = DataLoader(make_split(500, 1), batch_size=250)
    Trainer(ShapeNet(), train_loader, val_loader, epochs=9).fit()
