"""Tell apart four kinds of strokes in 12x12 grey images with a small convolutional net."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


def draw(n):
    images = 0.3 * torch.randn(n, 1, 12, 12)
    labels = torch.randint(0, 4, (n,))
    for img, kind in zip(images[:, 0], labels.tolist()):
        k = int(torch.randint(2, 10, (1,)))
        line = torch.arange(12)
        if kind == 0:
            img[k, :] += 1
        elif kind == 1:
            img[:, k] += 1
        elif kind == 2:
            img[line, (line + k - 5).clamp(0, 11)] += 1
        else:
            img[line, (11 - line + k - 5).clamp(0, 11)] += 1
    return images, labels


class StrokeNet(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 3 * 3, 32), nn.ReLU(), nn.Linear(32, classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


train_loader = DataLoader(TensorDataset(*draw(1600)), batch_size=32, shuffle=True)
test_images, test_labels = draw(400)

model = StrokeNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(5):
    model.train()
    running = 0.0
    for images, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1}  loss {running / len(train_loader):.4f}")

model.eval()
with torch.no_grad():
    accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
print(f"test accuracy {accuracy:.3f}")
