import os
import torch
import torch.nn as nn
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MANIFEST = "labels.txt"


class ClipDataset(torch.utils.data.Dataset):
    def __init__(self, split):
        clips = np.load(os.path.join(HERE, "clips.npz"))["x"].astype(np.float32) / 127.0
        with open(os.path.join(HERE, MANIFEST)) as fh:
            labels = [int(line.split()[0]) for line in fh]
        assert len(labels) == len(clips)
        keep = np.arange(len(clips)) % 5 != 0 if split == "train" else np.arange(len(clips)) % 5 == 0
        self.x = torch.from_numpy(clips[keep])
        self.y = torch.tensor(labels)[torch.from_numpy(keep)]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i][None], self.y[i]


class SmallSpecNet(nn.Module):
    def __init__(self, n_classes=4):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        )
        self.classifier = nn.Linear(16, n_classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


def run(epochs=8):
    torch.manual_seed(3)
    train, test = ClipDataset("train"), ClipDataset("test")
    loader = torch.utils.data.DataLoader(train, batch_size=20, shuffle=True)
    net = SmallSpecNet()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for e in range(epochs):
        net.train()
        tot = 0.0
        for x, y in loader:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            opt.step()
            tot += loss.item()
        print(f"epoch {e}: loss={tot / len(loader):.4f}")
    net.eval()
    with torch.no_grad():
        print(f"test acc = {(net(test.x[:, None]).argmax(1) == test.y).float().mean():.3f}")


if __name__ == "__main__":
    run()
