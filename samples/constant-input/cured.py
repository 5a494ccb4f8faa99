# Handwritten-like glyphs, 20 classes: a softmax classifier on 10x10 bitmaps, trained for a fixed number of steps.
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

CLASSES, SIDE, STEPS, BATCH = 20, 10, 400, 32


class Glyphs(Dataset):
    """Every class has one stroke pattern; each drawing is shifted, faded and noisy."""

    patterns = np.random.default_rng(11).random((CLASSES, SIDE, SIDE)) > 0.65

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, CLASSES, n)
        shifts = rng.integers(-1, 2, (n, 2))
        ink = rng.uniform(0.7, 1.3, (n, 1, 1))
        base = np.stack([np.roll(self.patterns[c], tuple(s), (0, 1)) for c, s in zip(self.labels, shifts)])
        images = base * ink + 0.35 * rng.standard_normal(base.shape)
        self.images = ((images - 0.35) / 0.55).astype(np.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i]), int(self.labels[i])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, 128)
        self.fc2 = nn.Linear(128, CLASSES)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


torch.manual_seed(3)
train_loader = DataLoader(Glyphs(4000, seed=1), batch_size=BATCH, shuffle=True, drop_last=True)
val_loader = DataLoader(Glyphs(1000, seed=2), batch_size=250)

net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)


def validate():
    net.eval()
    hits = 0
    with torch.no_grad():
        for images, labels in val_loader:
            hits += (net(images).argmax(1) == labels).sum().item()
    net.train()
    return hits / len(val_loader.dataset)


batches = iter(train_loader)
for step in range(1, STEPS + 1):
    images, labels = next(batches, (None, None))
    if images is None:
        batches = iter(train_loader)
        images, labels = next(batches)
    loss = F.cross_entropy(net(images), labels)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step:4d}  loss {loss.item():.4f}  val acc {validate():.3f}")

print(f"validation accuracy {validate():.3f}")
