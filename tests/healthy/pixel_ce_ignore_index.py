"""Land cover per pixel; unlabelled pixels carry 255 and are left out of the loss."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(46)
CLASSES = ("water", "field", "forest", "town")
SPECTRA = torch.tensor([[-1.2, -0.8, 0.1], [0.4, 1.0, 0.3], [-0.5, 0.7, -0.9], [1.0, -0.2, 0.8]])
UNKNOWN = 255


class Tiles(Dataset):
    def __init__(self, n, side=16):
        rough = torch.randn(n, len(CLASSES), 4, 4)
        smooth = nn.functional.interpolate(rough, size=(side, side), mode="bilinear", align_corners=True)
        truth = smooth.argmax(1)
        self.pixels = SPECTRA[truth].permute(0, 3, 1, 2) + 0.8 * torch.randn(n, 3, side, side)
        self.truth = truth
        self.labels = truth.masked_fill(torch.rand(n, side, side) < 0.4, UNKNOWN)
        self.labels[:, :, :1] = UNKNOWN                    # the seam between tiles

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, i):
        return self.pixels[i], self.labels[i], self.truth[i]


class FullyConvolutional(nn.Sequential):
    def __init__(self, width=20):
        super().__init__(nn.Conv2d(3, width, 5, padding=2), nn.ReLU(),
                         nn.Conv2d(width, width, 3, padding=2, dilation=2), nn.ReLU(),
                         nn.Conv2d(width, len(CLASSES), 1))


net = FullyConvolutional()
train = DataLoader(Tiles(400), batch_size=8, shuffle=True)
test = DataLoader(Tiles(60), batch_size=60)
criterion = nn.CrossEntropyLoss(ignore_index=UNKNOWN)
optimizer = torch.optim.RAdam(net.parameters(), lr=5e-3)
for epoch in range(5):
    total, count = 0.0, 0
    for pixels, labels, _ in train:
        loss = criterion(net(pixels), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        known = (labels != UNKNOWN).sum().item()
        total, count = total + loss.item() * known, count + known
    with torch.no_grad():
        pixels, labels, truth = next(iter(test))
        guess = net(pixels).argmax(1)
    per_class = [f"{name} {(guess[truth == k] == k).float().mean():.2f}" for k, name in enumerate(CLASSES)]
    print(f"epoch {epoch}: loss {total / count:.3f}, accuracy per class: {', '.join(per_class)}")
