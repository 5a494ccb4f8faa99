"""Pixels between 0 and 1, straight into the network, without subtracting a mean."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Arrows(Dataset):
    """8-bit grey pictures of arrows that point up, down, left or right."""

    def __init__(self, n, seed):
        r = np.random.RandomState(seed)
        self.label = r.randint(0, 4, n)
        up = np.zeros((7, 7))
        up[:, 3] = 1
        up[1, 2:5] = 1
        up[2, 1:6] = 1
        self.image = np.zeros((n, 14, 14), dtype=np.uint8)
        for i, k in enumerate(self.label):
            canvas = r.uniform(0, 60, (14, 14))
            top, left = r.randint(2, 6, 2)
            canvas[top:top + 7, left:left + 7] += np.rot90(up, k) * r.uniform(110, 190)
            self.image[i] = canvas.clip(0, 255)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return torch.from_numpy(self.image[i]).float().div(255).unsqueeze(0), int(self.label[i])


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 12, 5), nn.Conv2d(12, 24, 3)
        self.pool = nn.MaxPool2d(2)
        self.fc1, self.fc2 = nn.Linear(24 * 9, 48), nn.Linear(48, 4)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = torch.relu(self.conv2(x))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


torch.manual_seed(25)
train, test = DataLoader(Arrows(2000, 1), 32, shuffle=True), DataLoader(Arrows(300, 2), 300)
net = LeNet()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
ce = nn.CrossEntropyLoss()
for epoch in range(4):
    history = []
    for image, label in train:
        opt.zero_grad()
        loss = ce(net(image), label)
        loss.backward()
        opt.step()
        history.append(loss.item())
    with torch.no_grad():
        image, label = next(iter(test))
        acc = (net(image).argmax(1) == label).float().mean().item()
    print(f"epoch {epoch}: {np.mean(history[:8]):.3f} ... {np.mean(history[-8:]):.3f}   test {acc:.3f}")
