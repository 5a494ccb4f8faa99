import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class AerialTiles(Dataset):
    """32x32 tiles with a bright road crossing a textured field; mask = road."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(32.), torch.arange(32.), indexing='ij')
        angle = torch.rand(n, generator=g) * 3.1416
        shift = torch.rand(n, generator=g) * 16 - 8
        dist = ((xx - 16)[None] * torch.sin(angle)[:, None, None]
                - (yy - 16)[None] * torch.cos(angle)[:, None, None] - shift[:, None, None]).abs()
        self.mask = (dist < 2).float().unsqueeze(1)
        self.img = self.mask * 1.0 + 0.7 * torch.randn(n, 1, 32, 32, generator=g)

    def __len__(self):
        return len(self.img)

    def __getitem__(self, i):
        return self.img[i], self.mask[i]


class UNetSmall(nn.Module):
    def __init__(self, ch=12):
        super().__init__()
        self.e1 = nn.Sequential(nn.Conv2d(1, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.ReLU())
        self.e2 = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(ch, 2 * ch, 3, padding=1), nn.BatchNorm2d(2 * ch), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * ch, ch, 2, stride=2)
        self.d1 = nn.Sequential(nn.Conv2d(2 * ch, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.ReLU())
        self.outconv = nn.Conv2d(ch, 1, 1)

    def forward(self, x):
        h1 = self.e1(x)
        h2 = self.e2(h1)
        d1 = self.d1(torch.cat([h1, self.up(h2)], dim=1))
        d1 = self.outconv(d1)
        return torch.sigmoid(d1)


def iou(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for img, mask in loader:
            pred = torch.sigmoid(model(img)) > 0.5
            inter += (pred & (mask > 0.5)).sum().item()
            union += (pred | (mask > 0.5)).sum().item()
    return inter / max(union, 1.0)


if __name__ == '__main__':
    torch.manual_seed(0)
    train = DataLoader(AerialTiles(480, 1), batch_size=16, shuffle=True)
    val = DataLoader(AerialTiles(96, 2), batch_size=32)
    net = UNetSmall()
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    for epoch in range(6):
        net.train()
        total = 0.0
        for imgs, true_masks in train:
            masks_pred = net(imgs)
            loss = criterion(masks_pred, true_masks)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f'Epoch {epoch + 1} finished ! Loss: {total / len(train):.4f}  val IoU {iou(net, val):.3f}')
    print(f'validation IoU {iou(net, val):.3f}')
