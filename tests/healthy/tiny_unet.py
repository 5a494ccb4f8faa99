"""Segmentation of round cells on a noisy slide with a two-level U-Net, Dice plus cross entropy."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(83)
SIZE = 24


def slides(n):
    ax = torch.arange(SIZE).float()
    yy, xx = torch.meshgrid(ax, ax, indexing="ij")
    mask = torch.zeros(n, SIZE, SIZE)
    for _ in range(3):
        c = torch.rand(n, 2, 1, 1) * SIZE
        r = 2.5 + 2 * torch.rand(n, 1, 1)
        mask = torch.maximum(mask, ((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 < r * r).float())
    image = 1.2 * mask + 0.5 * torch.randn(n, SIZE, SIZE) + 0.4 * torch.sin(xx / 5)
    return (image - 0.25).unsqueeze(1), mask.unsqueeze(1)


def double_conv(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
                         nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.down1, self.down2 = double_conv(1, base), double_conv(base, 2 * base)
        self.bottom = double_conv(2 * base, 4 * base)
        self.up2, self.merge2 = nn.ConvTranspose2d(4 * base, 2 * base, 2, 2), double_conv(4 * base, 2 * base)
        self.up1, self.merge1 = nn.ConvTranspose2d(2 * base, base, 2, 2), double_conv(2 * base, base)
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.bottom(F.max_pool2d(b, 2))
        b = self.merge2(torch.cat([self.up2(c), b], 1))
        a = self.merge1(torch.cat([self.up1(b), a], 1))
        return self.out(a)


def dice_loss(logits, mask, eps=1.0):
    p = logits.sigmoid()
    overlap = (p * mask).sum((1, 2, 3))
    return (1 - (2 * overlap + eps) / (p.sum((1, 2, 3)) + mask.sum((1, 2, 3)) + eps)).mean()


if __name__ == "__main__":
    net = UNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    val_image, val_mask = slides(64)
    for step in range(1, 201):
        net.train()
        image, mask = slides(8)
        logits = net(image)
        loss = F.binary_cross_entropy_with_logits(logits, mask) + dice_loss(logits, mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 1 or step % 40 == 0:
            net.eval()
            with torch.no_grad():
                dice = 1 - dice_loss((net(val_image) > 0).float() * 40 - 20, val_mask)
            print(f"step {step:3d}: loss {loss.item():.3f}, validation Dice {dice.item():.3f}")
