"""Blocky-to-fine restoration of small textures, generator only (pixel loss stage)."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser(description="Train super resolution generator")
parser.add_argument("--crop_size", default=24, type=int)
parser.add_argument("--upscale_factor", default=2, type=int, choices=[2, 3])
parser.add_argument("--num_epochs", default=12, type=int)
parser.add_argument("--batch_size", default=16, type=int)


class Textures(Dataset):
    def __init__(self, n, size, factor, seed):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(size).float(), torch.arange(size).float(), indexing="ij")
        out = []
        for _ in range(n):
            img = torch.zeros(3, size, size)
            for _ in range(2):
                th, ph = (torch.rand(2, generator=g) * 6.283).tolist()
                fr = 0.35 + 0.9 * torch.rand(1, generator=g).item()
                wave = torch.sin(fr * (xx * torch.cos(torch.tensor(th)) + yy * torch.sin(torch.tensor(th))) + ph)
                img += 0.22 * wave * torch.rand(3, 1, 1, generator=g)
            out.append(img + 0.3 + 0.4 * torch.rand(3, 1, 1, generator=g))
        self.hr = torch.stack(out).clamp(0, 1)
        self.factor = factor

    def __len__(self):
        return len(self.hr)

    def __getitem__(self, i):
        hr = self.hr[i]
        lr = F.avg_pool2d(hr.unsqueeze(0), self.factor).squeeze(0)
        return lr, hr


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.prelu = nn.PReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return x + self.conv2(self.prelu(self.conv1(x)))


class Generator(nn.Module):
    def __init__(self, scale, ch=20):
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(3, ch, 5, padding=2), nn.PReLU())
        self.body = nn.Sequential(ResidualBlock(ch), ResidualBlock(ch))
        self.up = nn.Sequential(nn.Conv2d(ch, ch * scale ** 2, 3, padding=1), nn.PixelShuffle(scale), nn.PReLU())
        self.last = nn.Conv2d(ch, 3, 3, padding=1)

    def forward(self, x):
        b1 = self.block1(x)
        return self.last(self.up(b1 + self.body(b1)))


def psnr(net, loader):
    net.eval()
    se = n = 0
    with torch.no_grad():
        for lr, hr in loader:
            se += (net(lr).clamp(0, 1) - hr).pow(2).sum().item()
            n += hr.numel()
    net.train()
    return 10 * torch.log10(torch.tensor(n / se)).item()


if __name__ == "__main__":
    opt = parser.parse_args()
    torch.manual_seed(0)
    train_loader = DataLoader(Textures(480, opt.crop_size, opt.upscale_factor, 1), batch_size=opt.batch_size, shuffle=True)
    val_loader = DataLoader(Textures(80, opt.crop_size, opt.upscale_factor, 2), batch_size=40)

    netG = Generator(opt.upscale_factor)
    optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-3)
    schedulerG = StepLR(optimizerG, step_size=opt.num_epochs // 2, gamma=0.1)

    for epoch in range(1, opt.num_epochs + 1):
        seen, running = 0, 0.0
        for lr_img, hr_img in train_loader:
            sr_img = netG(lr_img)
            g_loss = F.mse_loss(sr_img, hr_img)
            optimizerG.zero_grad()
            g_loss.backward()
            optimizerG.step()
            schedulerG.step()
            running += g_loss.item() * len(hr_img)
            seen += len(hr_img)
        print("[%d/%d] Loss_G: %.5f  val psnr: %.2f" % (epoch, opt.num_epochs, running / seen, psnr(netG, val_loader)))
