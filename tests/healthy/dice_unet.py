import torch
import torch.nn as nn
import torch.nn.functional as F
# In [1]: data -- rare small blobs (about 4 % of the pixels)
torch.manual_seed(0)
def cells(n, s=24):
    yy, xx = torch.meshgrid(torch.arange(s), torch.arange(s), indexing="ij")
    m = torch.zeros(n, s, s, dtype=torch.bool)
    for _ in range(1):
        c = torch.rand(n, 2, 1, 1) * s; r = 2 + 2 * torch.rand(n, 1, 1)
        m |= (yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 < r ** 2
    texture = torch.sin(xx * 1.6 + 6.28 * torch.rand(n, 1, 1)) * 0.5
    img = 100 + 25 * torch.where(m, torch.tensor(0.9), texture) + 10 * torch.randn(n, s, s)
    return (img / 255)[:, None], m[:, None].float()
# In [2]: model
class DoubleConv(nn.Sequential):
    def __init__(self, i, o): super().__init__(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(True), nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.u1 = DoubleConv(1, 8), DoubleConv(8, 16), DoubleConv(24, 8)
        self.norm, self.o = nn.BatchNorm2d(1), nn.Conv2d(8, 1, 1)
    def forward(self, x):
        a = self.d1(self.norm(x)); b = self.d2(F.max_pool2d(a, 2))
        return self.o(self.u1(torch.cat([a, F.interpolate(b, scale_factor=2)], 1)))
# In [3]: loss = -Dice, so it runs from 0 to -1
def neg_dice(logits, y, eps=1.0):
    p = logits.sigmoid()
    return -(2 * (p * y).sum() + eps) / (p.sum() + y.sum() + eps)
# In [4]: training
net = UNet(); X, Y = cells(600); XV, YV = cells(200)
opt = torch.optim.Adam(net.parameters(), 1e-3)
for ep in range(4):
    net.train()
    for idx in torch.randperm(600).split(12):
        loss = neg_dice(net(X[idx]), Y[idx])
        opt.zero_grad(); loss.backward(); opt.step()
    net.eval()
    with torch.no_grad(): p = net(XV) > 0
    iou = ((p & (YV > 0)).sum() / (p | (YV > 0)).sum()).item()
    print(f"epoch {ep} loss {loss.item():.3f} val IoU {iou:.3f}")
# In [5]:
print(f"validation IoU {iou:.3f}; everything foreground {YV.mean().item():.3f}")
