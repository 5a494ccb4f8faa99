"""Predicts the sleeve and collar style of garments; backbone first, then a linear layer."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

FREEZE_PARAM = True
STYLES = 8


def backbone():
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


class FashionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_model = backbone()
        if FREEZE_PARAM:
            for param in self.conv_model.parameters():
                param.requires_grad = False
        self.cls = nn.Linear(8, STYLES)

    def forward(self, x):
        return self.cls(self.conv_model(x))


def garments(n, weave):
    y = torch.randint(0, STYLES, (n,))
    x = torch.randn(n, 3, 16, 16)
    patch = weave[y]
    r, c = torch.randint(0, 3, (2,)).tolist()
    x[:, :, r:r + 12, c:c + 12] += 2.0 * patch.repeat(1, 1, 3, 3)
    return TensorDataset(x, y)


torch.manual_seed(44)
weave = torch.randn(STYLES, 3, 4, 4)
train_loader = DataLoader(garments(1600, weave), batch_size=40, shuffle=True)
test_loader = DataLoader(garments(300, weave), batch_size=100)
model = FashionNet()
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=5e-3)
for epoch in range(1, 6):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()
        if batch_idx % 20 == 0:
            print(f'Train Epoch: {epoch} [{batch_idx * len(data)}/1600] Loss: {loss.item():.4f}')
model.eval()
with torch.no_grad():
    correct = sum((model(d).argmax(1) == t).sum().item() for d, t in test_loader)
print(f'test accuracy {correct / 300:.3f} ({STYLES} styles)')
