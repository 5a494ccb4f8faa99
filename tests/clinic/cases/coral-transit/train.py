import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

SHAPES = ["bar", "post", "slash", "backslash", "ring", "dot"]


def draw(kind, g):
    im = torch.zeros(12, 12)
    r, c = torch.randint(3, 9, (2,), generator=g).tolist()
    if kind == "bar":
        im[r, 1:11] = 1
    elif kind == "post":
        im[1:11, c] = 1
    elif kind == "slash":
        for k in range(12):
            j = r + c - k
            if 0 <= j < 12:
                im[k, j] = 1
    elif kind == "backslash":
        for k in range(12):
            j = k + c - r
            if 0 <= j < 12:
                im[k, j] = 1
    elif kind == "ring":
        im[r - 2:r + 3, c - 2:c + 3] = 1
        im[r - 1:r + 2, c - 1:c + 2] = 0
    else:
        im[r - 1:r + 2, c - 1:c + 2] = 1
    return im[None] + 0.25 * torch.randn(1, 12, 12, generator=g)


class FolderOfShapes(Dataset):
    def __init__(self, per_class, seed):
        g = torch.Generator().manual_seed(seed)
        self.samples = []
        for label, kind in enumerate(SHAPES):
            for _ in range(per_class):
                self.samples.append((draw(kind, g), label))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


torch.manual_seed(17)
train_set = FolderOfShapes(320, 0)
test_set = FolderOfShapes(60, 1)
loaders = {
    "train": DataLoader(train_set, batch_size=32),
    "test": DataLoader(test_set, batch_size=60),
}
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(),
    nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, len(SHAPES)),
)
optimizer = torch.optim.SGD(net.parameters(), lr=0.04, momentum=0.9, weight_decay=1e-4)
criterion = nn.CrossEntropyLoss()

for epoch in range(7):
    losses = []
    for image, label in loaders["train"]:
        optimizer.zero_grad()
        loss = criterion(net(image), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: mean loss {sum(losses) / len(losses):.4f}, last batch {losses[-1]:.4f}")

with torch.no_grad():
    hits = sum((net(i).argmax(1) == l).sum().item() for i, l in loaders["test"])
print(f"accuracy on the test folder: {hits / len(test_set):.3f}")
