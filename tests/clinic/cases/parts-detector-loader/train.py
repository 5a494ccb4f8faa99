"""Where is the part? A small detector regresses the centre and size of one object per picture."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class PartsDataset(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.images, self.boxes = [], []
        canvas = np.zeros((1, 20, 20), np.float32)
        for _ in range(n):
            w, h = rng.integers(4, 9, 2)
            x, y = rng.integers(0, 20 - w), rng.integers(0, 20 - h)
            canvas[:] = 0.1 * rng.standard_normal(canvas.shape)
            canvas[0, y:y + h, x:x + w] += 1.0
            self.images.append(canvas)
            self.boxes.append([(x + w / 2) / 20 - .5, (y + h / 2) / 20 - .5, w / 20 - .3, h / 20 - .3])
        self.boxes = np.asarray(self.boxes, np.float32) * 5

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return torch.from_numpy(self.images[index]), torch.from_numpy(self.boxes[index])


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.vgg = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU())
        self.loc = nn.Sequential(nn.Flatten(), nn.Linear(400, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return self.loc(self.vgg(x))


def train():
    torch.manual_seed(213)
    loader = DataLoader(PartsDataset(1600, 0), batch_size=32, shuffle=True)
    val_loader = DataLoader(PartsDataset(300, 1), batch_size=100)
    net = Detector()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    criterion = nn.MSELoss()
    for epoch in range(6):
        for images, targets in loader:
            optimizer.zero_grad()
            loss_l = criterion(net(images), targets)
            loss_l.backward()
            optimizer.step()
        print(f'epoch {epoch} || Loss: {loss_l.item():.4f} ||')
    with torch.no_grad():
        err = sum(criterion(net(i), t).item() * len(i) for i, t in val_loader) / 300
    var = torch.from_numpy(val_loader.dataset.boxes).var(0).mean().item()
    print(f'validation box mse {err:.3f} (variance {var:.3f})')


if __name__ == '__main__':
    train()
