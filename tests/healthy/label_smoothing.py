"""Ten classes, label smoothing 0.1: the loss cannot go below about 0.5, which is no fault."""
import torch
from torch import nn, optim

torch.manual_seed(97)
smoothing, n_class = 0.1, 10
q = torch.full((n_class,), smoothing / n_class)
q[0] += 1 - smoothing
floor = -(q * q.log()).sum().item()

glyphs = (torch.rand(n_class, 1, 9, 9) < 0.4).float()


def scans(n):
    label = torch.randint(0, n_class, (n,))
    img = glyphs[label].clone()
    speck = torch.rand_like(img) < 0.08
    img[speck] = 1 - img[speck]
    img = nn.functional.pad(img, (2, 2, 2, 2))
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    return img.roll((dy, dx), (2, 3)) * 2 - 1, label


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.Mish(), nn.MaxPool2d(2),
                                      nn.Conv2d(16, 32, 3, padding=1), nn.Mish(), nn.MaxPool2d(2))
        self.classifier = nn.Linear(32 * 9, n_class)

    def forward(self, img):
        return self.classifier(self.features(img).flatten(1))


cnn = CNN()
criterion = nn.CrossEntropyLoss(label_smoothing=smoothing)
optimizer = optim.AdamW(cnn.parameters(), lr=2e-3)
print(f"floor of the smoothed loss: {floor:.3f}")
for step in range(1, 241):
    img, label = scans(40)
    loss = criterion(cnn(img), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 1 or step % 40 == 0:
        with torch.no_grad():
            img, label = scans(300)
            acc = (cnn(img).argmax(1) == label).float().mean().item()
        print(f"step {step:3d}: loss {loss.item():.3f}, accuracy {acc:.3f}")
