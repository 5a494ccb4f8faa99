"""Mixup: each input is blended with another one of the batch, and so is the loss."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(227)
ALPHA = 0.3
blobs = torch.randn(5, 1, 10, 10)
kernel = torch.ones(1, 1, 3, 3) / 9
blobs = nn.functional.conv2d(blobs, kernel, padding=1) * 3


def fabrics(n):
    label = torch.randint(0, 5, (n,))
    flip = torch.rand(n, 1, 1, 1) < 0.5
    img = blobs[label]
    img = torch.where(flip, img.flip(-1), img)
    return img + 1.5 * torch.randn(n, 1, 10, 10), label


def mixup_data(x, y):
    lam = torch.distributions.Beta(ALPHA, ALPHA).sample().item()
    index = torch.randperm(len(x))
    return lam * x + (1 - lam) * x[index], y, y[index], lam


def mixup_criterion(criterion, pred, y_a, y_b, lam):
    return lam * criterion(pred, y_a) + (1 - lam) * criterion(pred, y_b)


net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Flatten(), nn.Linear(16 * 25, 32), nn.ReLU(), nn.Linear(32, 5))
trainloader = DataLoader(TensorDataset(*fabrics(2000)), batch_size=40, shuffle=True)
x_test, y_test = fabrics(400)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
for epoch in range(4):
    net.train()
    train_loss = 0.0
    for inputs, targets in trainloader:
        inputs, targets_a, targets_b, lam = mixup_data(inputs, targets)
        loss = mixup_criterion(criterion, net(inputs), targets_a, targets_b, lam)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    net.eval()
    with torch.no_grad():
        logits = net(x_test)
    print(f"epoch {epoch}: mixed loss {train_loss / len(trainloader):.3f}, clean test loss {criterion(logits, y_test).item():.3f}, accuracy {(logits.argmax(1) == y_test).float().mean().item():.3f}")
