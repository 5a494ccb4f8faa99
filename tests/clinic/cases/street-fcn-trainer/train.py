import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def conv_bn(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class FCN(nn.Module):
    def __init__(self, n_class=3, ch=12, depth=9):
        super().__init__()
        self.layers = nn.Sequential(conv_bn(1, ch), *[conv_bn(ch, ch) for _ in range(depth)])
        self.score = nn.Conv2d(ch, n_class, 1)

    def forward(self, x):
        return self.score(self.layers(x))


class Trainer:
    def __init__(self, model, optimizer, train_loader, val_loader, max_iter, interval_validate):
        self.model, self.optim = model, optimizer
        self.train_loader, self.val_loader = train_loader, val_loader
        self.max_iter, self.interval_validate = max_iter, interval_validate
        self.iteration, self.best_acc = 0, 0.0

    def validate(self):
        self.model.eval()
        right = total = 0
        with torch.no_grad():
            for data, target in self.val_loader:
                pred = self.model(data).argmax(1)
                right += (pred == target).sum().item()
                total += target.numel()
        acc = right / total
        print(f'iteration {self.iteration}: val pixel acc {acc:.4f}')
        self.best_acc = max(acc, self.best_acc)
        return acc

    def train_epoch(self):
        self.model.train()
        for data, target in self.train_loader:
            if self.iteration % self.interval_validate == 0:
                self.validate()
            self.optim.zero_grad()
            loss = F.cross_entropy(self.model(data), target)
            loss.backward()
            self.optim.step()
            self.iteration += 1
            if self.iteration >= self.max_iter:
                break

    def train(self):
        for epoch in range(math.ceil(self.max_iter / len(self.train_loader))):
            self.train_epoch()
        return self.validate()


def streets(n):
    """Class by orientation of the local stripes: 0 plain, 1 horizontal, 2 vertical."""
    label = torch.zeros(n, 16, 16, dtype=torch.long)
    yy, xx = torch.meshgrid(torch.arange(16.), torch.arange(16.), indexing='ij')
    cut = torch.randint(4, 12, (n,))
    for i in range(n):
        a, b = torch.randperm(3)[:2].tolist()
        label[i, :, :cut[i]], label[i, :, cut[i]:] = a, b
    stripes = torch.stack([torch.zeros(16, 16), torch.sin(1.6 * yy), torch.sin(1.6 * xx)])
    img = stripes[label, yy.long(), xx.long()]
    return TensorDataset((img + 0.5 * torch.randn(n, 16, 16)).unsqueeze(1), label)


if __name__ == '__main__':
    torch.manual_seed(57)
    model = FCN()
    optim = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    trainer = Trainer(model, optim, DataLoader(streets(3200), batch_size=16, shuffle=True),
                      DataLoader(streets(64), batch_size=32), max_iter=200, interval_validate=40)
    print(f'final pixel accuracy {trainer.train():.3f} (3 classes)')
