import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
n = 32
yy, xx = torch.meshgrid(torch.linspace(0, 1, n), torch.linspace(0, 1, n), indexing="ij")
picture = 0.5 + 0.25 * torch.sin(2 * math.pi * (xx + 0.5 * yy)) + 0.2 * ((xx - 0.6) ** 2 + (yy - 0.4) ** 2 < 0.06).float()
picture = picture[None, None]
seen = (torch.rand(1, 1, n, n) < 0.5).float()
given = (picture + 0.02 * torch.randn_like(picture)) * seen


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, padding_mode="reflect"), nn.BatchNorm2d(o), nn.LeakyReLU(0.1))


class Decoder(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        self.a, self.b, self.c = block(16, c), block(c, c), block(c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, z):
        h = F.interpolate(self.a(z), scale_factor=2, mode="bilinear")
        h = F.interpolate(self.b(h), scale_factor=2, mode="bilinear")
        return torch.sigmoid(self.out(self.c(h)))


z = 0.3 * torch.randn(1, 16, n // 4, n // 4)
model = Decoder()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(161):
    optimizer.zero_grad()
    image = model(z)
    loss = ((image - given).square() * seen).sum() / seen.sum()
    if step % 80 == 0:
        hidden = ((image - picture).square() * (1 - seen)).sum() / (1 - seen).sum()
        print(f"step {step} loss {loss.item():.5f} psnr of hidden pixels {-10 * math.log10(hidden.item()):.1f} dB")
    loss.backward()
    optimizer.step()
