"""Residual CNN with BatchNorm; train and eval modes alternate."""
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(20)


class BasicBlock(nn.Module):
    def __init__(self, planes_in, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(planes_in, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or planes_in != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(planes_in, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return torch.relu(out + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.blocks = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, 16, 2))
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def patterns(n, side=12):
    """Stripes, checks, dots and gradients in random colours."""
    label = torch.randint(0, 4, (n,))
    yy, xx = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    base = torch.stack([(xx // 2 % 2), (xx // 2 + yy // 2) % 2, ((xx % 3 == 0) & (yy % 3 == 0)).long() * 2, (xx + yy) / (side * 1.0)]).float()
    colour = torch.rand(n, 3, 1, 1) * 2 - 1
    img = base[label].unsqueeze(1) * (colour + 0.5) + 0.5 * torch.randn(n, 3, side, side)
    return img - img.mean(), label


trainloader = DataLoader(TensorDataset(*patterns(1600)), batch_size=32, shuffle=True)
testloader = DataLoader(TensorDataset(*patterns(400)), batch_size=100)
net, criterion = ResNet(), nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[3], gamma=0.1)
for epoch in range(4):
    net.train()
    train_loss = 0
    for inputs, targets in trainloader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), targets)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    scheduler.step()
    net.eval()
    with torch.no_grad():
        acc = sum((net(i).argmax(1) == t).sum().item() for i, t in testloader) / 400
    print('Epoch: %d | Loss: %.3f | Acc: %.2f%%' % (epoch, train_loss / len(trainloader), 100 * acc))
