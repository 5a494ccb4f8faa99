"""Leaf pictures listed in a table; the table is shuffled before it is split."""
import random
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

DISEASES = ['healthy', 'rust', 'scab', 'mildew']


class Archive:
    """Pretends to be a folder of pictures with a table next to it."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.names = [f'leaf_{k:05d}' for k in range(n)]
        self.disease = rng.integers(0, len(DISEASES), n)
        self.pictures = {}
        for name, d in zip(self.names, self.disease):
            pic = 0.6 * rng.standard_normal((14, 14))
            for _ in range(4):
                r, c = rng.integers(1, 12, 2)
                if d == 1:
                    pic[r:r + 2, c:c + 2] += 2
                elif d == 2:
                    pic[r, :] += 1
                elif d == 3:
                    pic[:, c] -= 1
            self.pictures[name] = pic.astype(np.float32)


class PlantDataset(Dataset):
    def __init__(self, archive, split=0.85, mode='train', seed=42):
        self.archive = archive
        names = list(archive.names)
        labels = [int(d) for d in archive.disease]
        random.Random(seed).shuffle(names)
        frac = int(split * len(names))
        self.names = names[:frac] if mode == 'train' else names[frac:]
        self.labels = labels[:frac] if mode == 'train' else labels[frac:]

    def __len__(self):
        return len(self.names)

    def __getitem__(self, i):
        return torch.from_numpy(self.archive.pictures[self.names[i]]).unsqueeze(0), self.labels[i]


def cnn():
    return nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(12, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 49, len(DISEASES)))


def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        pairs = [(net(x).argmax(1) == y).float() for x, y in loader]
    return torch.cat(pairs).mean().item()


if __name__ == '__main__':
    torch.manual_seed(12)
    archive = Archive(2000, 12)
    train = DataLoader(PlantDataset(archive), batch_size=34, shuffle=True)
    valid = DataLoader(PlantDataset(archive, mode='valid'), batch_size=100)
    net = cnn()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for epoch in range(4):
        net.train()
        total = 0.0
        for img, lb in train:
            loss = nn.functional.cross_entropy(net(img), lb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f'epoch {epoch}: train_loss {total / len(train):.4f} valid_acc {accuracy(net, valid):.3f}')
    print(f'validation accuracy {accuracy(net, valid):.3f} ({len(DISEASES)} conditions)')
