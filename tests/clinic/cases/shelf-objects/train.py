import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader


class ShelfDataset(Dataset):
    def __init__(self, per_class, seed):
        g = torch.Generator().manual_seed(seed)
        proto = torch.randn(10, 30, generator=torch.Generator().manual_seed(0))
        self.items = []
        for label in range(10):
            for _ in range(per_class):
                v = 0.8 * proto[label] + 0.7 * torch.randn(30, generator=g)
                self.items.append((v, label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        return self.items[k]


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(30, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


torch.manual_seed(0)
train_set, val_set = ShelfDataset(300, 1), ShelfDataset(40, 2)
trainloader = DataLoader(train_set, batch_size=32)
valloader = DataLoader(val_set, batch_size=100)
net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(5):
    running_loss = 0.0
    for i, (inputs, labels) in enumerate(trainloader):
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        if i % 31 == 30:
            print('[%d, %5d] loss: %.3f' % (epoch + 1, i + 1, running_loss / 31))
            running_loss = 0.0

correct = total = 0
with torch.no_grad():
    for inputs, labels in valloader:
        predicted = net(inputs).argmax(1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
print('validation accuracy: %.1f %%' % (100 * correct / total))
