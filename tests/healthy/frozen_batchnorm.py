"""Fine-tuning with the BatchNorm layers of the backbone kept in eval mode, their statistics known beforehand."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(127)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12)
        self.conv2, self.bn2 = nn.Conv2d(12, 16, 3, padding=1, stride=2), nn.BatchNorm2d(16)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


class Detector(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(0.1)
        self.box = nn.Linear(16 * 49, 2)

    def forward(self, x):
        return self.box(self.dropout(self.backbone(x).flatten(1)))

    def train(self, mode=True):
        super().train(mode)
        for m in self.backbone.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()
        return self


def spots(n):
    centre = torch.rand(n, 2) * 8 + 3
    ax = torch.arange(14).float()
    d2 = (ax[None, :, None] - centre[:, :1, None]) ** 2 + (ax[None, None, :] - centre[:, 1:, None]) ** 2
    img = 2.5 * torch.exp(-d2 / 5) + 0.4 * torch.randn(n, 14, 14)
    return img.unsqueeze(1), (centre - 7) / 2.3


backbone = Backbone()
with torch.no_grad():                        # one pass over a large sample settles the statistics
    for bn in (backbone.bn1, backbone.bn2):
        bn.momentum = None
    for _ in range(5):
        backbone(spots(200)[0])

model = Detector(backbone)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
img_test, centre_test = spots(300)
for step in range(1, 251):
    model.train()
    img, centre = spots(24)
    loss = F.mse_loss(model(img), centre)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 1 or step % 50 == 0:
        model.eval()
        with torch.no_grad():
            off = (model(img_test) - centre_test).norm(dim=1).mean().item() * 2.3
        print(f"step {step:3d}: loss {loss.item():.4f}, {off:.2f} pixels off")
