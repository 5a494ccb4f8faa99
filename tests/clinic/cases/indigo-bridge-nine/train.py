import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)

# 12x12 pictures: a bar that is horizontal / vertical / diagonal / anti-diagonal, random place and brightness
def bars(n):
    kind = torch.randint(0, 4, (n,))
    bright = torch.rand(n) * 1.5 + 0.8
    img = 0.15 * torch.randn(n, 1, 12, 12)
    for i in range(n):
        r, c = torch.randint(0, 6, (2,)).tolist()
        for k in range(6):
            y, x = [(r, c + k), (r + k, c), (r + k, c + k), (r + k, c + 5 - k)][kind[i]]
            img[i, 0, y, x] += bright[i]
    return img, kind, (bright > 1.55).long()


class SmallCNN(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 6, 3, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )
        self.fc = nn.Linear(6, n_classes)

    def forward(self, x):
        return self.fc(self.features(x))


def fit(model, x, y, epochs, lr, name):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr)
    for ep in range(epochs):
        perm = torch.randperm(len(x))
        tot = 0
        for i in range(0, len(x), 50):
            idx = perm[i:i + 50]
            loss = F.cross_entropy(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        if ep % 3 == 2:
            print(f"{name} epoch {ep + 1} loss {tot / (len(x) / 50):.4f}")


x, kind, is_bright = bars(1500)
xt, kind_t, _ = bars(400)

model = SmallCNN(2)
fit(model, x, is_bright, 3, 5e-3, "pretrain")

for param in model.parameters():
    param.requires_grad = False
model.fc = nn.Linear(6, 4)
fit(model, x, kind, 18, 5e-3, "finetune")

with torch.no_grad():
    print(f"test accuracy {(model(xt).argmax(1) == kind_t).float().mean().item():.3f}")
