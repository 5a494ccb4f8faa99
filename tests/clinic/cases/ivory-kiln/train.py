import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def make_blobs(n, seed, s=16):
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(s), torch.arange(s), indexing="ij")
    cy = torch.randint(3, s - 3, (n, 2, 1, 1), generator=g)
    cx = torch.randint(3, s - 3, (n, 2, 1, 1), generator=g)
    r = torch.randint(2, 5, (n, 2, 1, 1), generator=g)
    m = (((yy - cy) ** 2 + (xx - cx) ** 2) <= r ** 2).any(1, keepdim=True).float()
    tex = ((yy + xx) % 2).float() * 2 - 1
    img = 0.15 * torch.randn(n, 1, s, s, generator=g) + m * tex * 0.25
    return img, m


def block(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
        nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, c=6):
        super().__init__()
        self.d1, self.d2, self.d3 = block(1, c), block(c, 2 * c), block(2 * c, 2 * c)
        self.up2 = nn.ConvTranspose2d(2 * c, 2 * c, 2, 2)
        self.u2 = block(4 * c, 2 * c)
        self.up1 = nn.ConvTranspose2d(2 * c, c, 2, 2)
        self.u1 = block(2 * c, c)
        self.head = nn.Conv2d(c, 1, 1)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.normal_(m.weight, std=0.02)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.d3(F.max_pool2d(b, 2))
        b = self.u2(torch.cat([self.up2(c), b], 1))
        a = self.u1(torch.cat([self.up1(b), a], 1))
        return self.head(a)


class Segmenter:
    def __init__(self):
        torch.manual_seed(21)
        self.net = UNet()
        self.opt = torch.optim.SGD(self.net.parameters(), lr=0.05, momentum=0.9)
        self.train_dl = DataLoader(TensorDataset(*make_blobs(512, 1)), batch_size=16, shuffle=True)
        self.val_dl = DataLoader(TensorDataset(*make_blobs(128, 2)), batch_size=32)

    def validate(self):
        self.net.eval()
        inter = union = 0.0
        with torch.no_grad():
            for x, y in self.val_dl:
                p = (self.net(x) > 0).float()
                inter += (p * y).sum().item()
                union += ((p + y) > 0).float().sum().item()
        return inter / max(union, 1)

    def fit(self, epochs):
        self.net.train()
        print("sanity check, IoU %.3f" % self.validate())
        for e in range(epochs):
            total = 0.0
            for i, (x, y) in enumerate(self.train_dl):
                loss = F.binary_cross_entropy_with_logits(self.net(x), y)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                total += loss.item()
            print("epoch %d bce %.4f" % (e, total / len(self.train_dl)))
        print("final IoU %.3f" % self.validate())


if __name__ == "__main__":
    Segmenter().fit(6)
