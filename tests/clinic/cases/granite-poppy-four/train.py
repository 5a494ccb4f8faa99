import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

np.random.seed(0)
torch.manual_seed(0)


class FlowerDataset(Dataset):
    """small colour patches of three kinds of flowers"""

    def __init__(self, n):
        labels = np.random.randint(0, 3, n)
        base = np.array([[0.9, 0.2, 0.3], [0.9, 0.8, 0.1], [0.4, 0.3, 0.9]])[labels]
        self.images = base[:, :, None, None] + 0.25 * np.random.randn(n, 3, 8, 8)
        table = np.column_stack([np.arange(n), labels, np.random.rand(n)])
        self.labels = table[:, 1]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        image = torch.tensor(self.images[idx], dtype=torch.float32)
        label = torch.tensor(self.labels[idx], dtype=torch.float32)
        return image, label


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.fc = nn.Linear(16 * 4 * 4, 3)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(torch.flatten(x, 1))


train_loader = DataLoader(FlowerDataset(1200), batch_size=16, shuffle=True)
net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

for epoch in range(3):
    running_loss, correct = 0.0, 0
    for i, (inputs, labels) in enumerate(train_loader):
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        correct += (outputs.argmax(1) == labels).sum().item()
    print(f"[{epoch + 1}] loss: {running_loss / len(train_loader):.3f} accuracy: {correct / 1200:.3f}")
