import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


def render(kind, r):
    img = r.integers(10, 60, size=(20, 20))
    y, x, s = r.integers(2, 8), r.integers(2, 8), r.integers(6, 10)
    ink = int(r.integers(150, 230))
    if kind == 0:
        img[y:y + s, x + s // 2] = ink
    elif kind == 1:
        img[y + s // 2, x:x + s] = ink
    elif kind == 2:
        img[y:y + s, x], img[y:y + s, x + s - 1] = ink, ink
        img[y, x:x + s], img[y + s - 1, x:x + s] = ink, ink
    else:
        for k in range(s):
            img[y + k, x + k] = ink
            img[y + k, x + s - 1 - k] = ink
    return img.astype(np.uint8)


class Glyphs(Dataset):
    def __init__(self, n, seed, transform=None):
        r = np.random.default_rng(seed)
        self.labels = r.integers(0, 4, size=n)
        self.images = np.stack([render(k, r) for k in self.labels])
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, int(self.labels[i])


class Rescale:
    def __call__(self, img):
        return (img / 255).astype(img.dtype)


class ToTensor:
    def __call__(self, img):
        return torch.from_numpy(img)[None].float()


class Compose:
    def __init__(self, *ts):
        self.ts = ts

    def __call__(self, img):
        for t in self.ts:
            img = t(img)
        return img


class GlyphNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5)
        self.conv2 = nn.Conv2d(12, 24, 3)
        self.fc1 = nn.Linear(24 * 9, 64)
        self.fc2 = nn.Linear(64, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def main():
    torch.manual_seed(14)
    tf = Compose(Rescale(), ToTensor())
    train = DataLoader(Glyphs(1500, 0, tf), batch_size=32, shuffle=True)
    test = DataLoader(Glyphs(400, 1, tf), batch_size=200)
    net = GlyphNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for epoch in range(1, 9):
        net.train()
        for i, (img, lab) in enumerate(train):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(img), lab)
            loss.backward()
            optimizer.step()
            if i % 20 == 0:
                print(f"Train Epoch: {epoch} [{i}/{len(train)}] Loss: {loss.item():.4f}")
        net.eval()
        with torch.no_grad():
            ok = sum((net(a).argmax(1) == b).sum().item() for a, b in test)
        print(f"Test Epoch: {epoch} Accuracy: {ok / 400:.3f}")


if __name__ == "__main__":
    main()
