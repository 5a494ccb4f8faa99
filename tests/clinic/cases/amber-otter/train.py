import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(0)

SPECIES = ["alder", "birch", "elm", "hazel", "maple", "oak", "poplar", "willow"]
SIZE = 24


def draw_leaf(species_id, rng):
    """Grey-scale patch with vein angle and spacing typical for the species."""
    yy, xx = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
    angle = np.pi * (species_id % 4) / 4 + rng.normal(0, 0.08)
    freq = (3.0 if species_id < 4 else 5.5) + rng.normal(0, 0.15)
    phase = rng.uniform(0, 2 * np.pi)
    wave = np.sin(2 * np.pi * freq * (xx * np.cos(angle) + yy * np.sin(angle)) + phase)
    return (wave + rng.normal(0, 0.6, wave.shape)).astype(np.float32)


class LeafFolder(Dataset):
    """Leaf patches, laid out like torchvision's ImageFolder."""

    def __init__(self, per_species, seed):
        rng = np.random.default_rng(seed)
        self.samples = []
        for idx, _ in enumerate(SPECIES):
            for _ in range(per_species):
                self.samples.append((draw_leaf(idx, rng), idx))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        img, label = self.samples[i]
        return torch.from_numpy(img).unsqueeze(0), label


class LeafNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5, padding=2)
        self.conv2 = nn.Conv2d(12, 24, 5, padding=2)
        self.fc1 = nn.Linear(24 * 6 * 6, 64)
        self.fc2 = nn.Linear(64, len(SPECIES))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


train_set = LeafFolder(128, seed=1)
val_set = LeafFolder(40, seed=2)
trainloader = DataLoader(train_set, batch_size=32, shuffle=False)
valloader = DataLoader(val_set, batch_size=80, shuffle=False)

net = LeafNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

for epoch in range(10):
    net.train()
    running = 0.0
    for inputs, labels in trainloader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running += loss.item()

    net.eval()
    correct = 0
    with torch.no_grad():
        for inputs, labels in valloader:
            correct += (net(inputs).argmax(1) == labels).sum().item()
    print(f"[{epoch + 1:2d}] train loss {running / len(trainloader):.3f}  "
          f"val accuracy {100.0 * correct / len(val_set):.1f}%")
