"""A deep net with batch normalisation: which of four rings does a point in the plane lie in?"""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(33)


def rings(n, classes=4):
    ring = torch.randint(0, classes, (n,))
    radius = ring + 0.2 + 0.6 * torch.rand(n)
    angle = 6.2832 * torch.rand(n)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return points / 2.3, ring


def block(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU())


def validate(model, loader, criterion):
    model.eval()
    loss = correct = count = 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss += criterion(out, y).item() * len(y)
            correct += (out.argmax(1) == y).sum().item()
            count += len(y)
    return loss / count, correct / count


def train_one_epoch(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()


train_loader = DataLoader(TensorDataset(*rings(3200)), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(*rings(1000)), batch_size=500)

model = nn.Sequential(block(2, 48), *[block(48, 48) for _ in range(11)], nn.Linear(48, 4))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)

print("before training: loss %.4f  accuracy %.3f" % validate(model, val_loader, criterion))
for epoch in range(1, 7):
    train_one_epoch(model, train_loader, criterion, optimizer)
    print("epoch %d: loss %.4f  accuracy %.3f" % (epoch, *validate(model, val_loader, criterion)))

print("validation accuracy %.3f" % validate(model, val_loader, criterion)[1])
