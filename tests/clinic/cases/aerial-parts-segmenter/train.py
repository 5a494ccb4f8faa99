"""Per-pixel labels for aerial crops: 0 ground, 1 roof, 2 tree, 3 water; 250 marks unlabelled pixels."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

COLOURS = torch.tensor([[.5, .4, .3], [.7, .3, .3], [.2, .6, .2], [.2, .3, .7]])


def cross_entropy2d(input, target, weight=None):
    log_p = F.log_softmax(input, dim=1)
    loss = F.nll_loss(log_p, target, ignore_index=0, weight=weight, reduction='sum')
    return loss / target.numel()


class Crops(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.label = torch.zeros(n, 24, 24, dtype=torch.long)
        for i in range(n):
            for _ in range(4):
                k = int(torch.randint(1, 4, (1,), generator=g))
                r, c = torch.randint(0, 17, (2,), generator=g).tolist()
                self.label[i, r:r + 7, c:c + 7] = k
        self.image = COLOURS[self.label].permute(0, 3, 1, 2) + 0.12 * torch.randn(n, 3, 24, 24, generator=g)
        self.image = (self.image - 0.42) / 0.22

    def __len__(self):
        return len(self.image)

    def __getitem__(self, i):
        return self.image[i], self.label[i]


class Segnet(nn.Module):
    def __init__(self, n_classes=4):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(inplace=True), nn.MaxPool2d(2),
                                  nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(inplace=True))
        self.up = nn.Sequential(nn.Upsample(scale_factor=2, mode='bilinear', align_corners=False), nn.Conv2d(24 + 3, 16, 3, padding=1), nn.ReLU(inplace=True))
        self.final = nn.Conv2d(16, n_classes, 1)

    def forward(self, x):
        h = self.up[0](self.down(x))
        return self.final(self.up[2](self.up[1](torch.cat([h, x], 1))))


torch.manual_seed(67)
loader = DataLoader(Crops(480, 0), batch_size=16, shuffle=True)
val = Crops(80, 1)
model = Segnet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
for epoch in range(6):
    model.train()
    for images, labels in loader:
        optimizer.zero_grad()
        loss = cross_entropy2d(model(images), labels)
        loss.backward()
        optimizer.step()
    print('Epoch [%d/6] Loss: %.4f' % (epoch + 1, loss.item()))
model.eval()
with torch.no_grad():
    pred = model(val.image).argmax(1)
ious = [((pred == k) & (val.label == k)).sum().item() / max(((pred == k) | (val.label == k)).sum().item(), 1) for k in range(4)]
print('Mean IoU %.3f, ground IoU %.3f' % (sum(ious) / 4, ious[0]))
