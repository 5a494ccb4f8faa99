"""Weave patterns on 16 x 16 grey photographs, pixels 0..255: a small CNN with batch norm, SGD with momentum, a cosine schedule."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(41)
PATTERNS = ("twill left", "twill right", "warp", "weft")


def photos(n):
    kind = torch.randint(0, len(PATTERNS), (n,))
    rows, cols = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    ways = torch.stack([rows + cols, rows - cols, 1.4 * rows, 1.4 * cols])
    period = 3.5 + 2.5 * torch.rand(n, 1, 1)
    phase = 6.283 * torch.rand(n, 1, 1)
    image = torch.sin(6.283 * ways[kind] / period + phase) + 1.5 * torch.randn(n, 16, 16)
    return (128 + 30 * image).clamp(0, 255).unsqueeze(1), kind


def block(channels_in, channels_out):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class WeaveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.BatchNorm2d(1), block(1, 12), block(12, 24))
        self.classifier = nn.Linear(24 * 4 * 4, len(PATTERNS))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.flatten(1))


images, kinds = photos(1600)
test_images, test_kinds = photos(400)
train_loader = DataLoader(TensorDataset(images, kinds), batch_size=32, shuffle=True)
model = WeaveNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)

for epoch in range(5):
    model.train()
    for batch, labels in train_loader:
        optimizer.zero_grad()
        output = model(batch)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
    scheduler.step()
    model.eval()
    with torch.no_grad():
        accuracy = (model(test_images).argmax(1) == test_kinds).float().mean()
    print(f"epoch {epoch}  last loss {loss.item():.4f}  accuracy {accuracy:.4f}")
print(f"held-out accuracy {accuracy:.4f}")
