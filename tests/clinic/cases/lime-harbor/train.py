import json
import torch
import torch.nn as nn
import torch.nn.functional as F

meta = json.load(open('classes.json'))
NAMES, VOID = meta['names'], meta['void']
COL = torch.tensor([[.1, .2, .7], [.2, .6, .2], [.45, .45, .45], [.7, .3, .2]])


def tiles(n, seed, s=16):
    g = torch.Generator().manual_seed(seed)
    lab = torch.zeros(n, s, s, dtype=torch.long)
    for k in range(n):
        split = torch.randint(4, 12, (1,), generator=g).item()
        lab[k, :, split:] = 1
        r = torch.randint(2, 12, (1,), generator=g).item()
        lab[k, r:r + 3] = 2
        a, b = torch.randint(0, 11, (2,), generator=g).tolist()
        lab[k, a:a + 5, b:b + 5] = 3
    img = COL[lab].permute(0, 3, 1, 2) + 0.18 * torch.randn(n, 3, s, s, generator=g)
    gap = torch.rand(n, s, s, generator=g) < 0.03
    lab[gap] = 255
    return img, lab


class FCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 12, 3, padding=1)
        self.c2 = nn.Conv2d(12, 16, 3, padding=2, dilation=2)
        self.c3 = nn.Conv2d(16, len(NAMES), 1)

    def forward(self, x):
        return self.c3(F.relu(self.c2(F.relu(self.c1(x)))))


def objective(logits, target):
    keep = (target != VOID) & (target < len(NAMES))
    return F.cross_entropy(logits, target.masked_fill(~keep, VOID), ignore_index=VOID)


torch.manual_seed(5)
img, lab = tiles(480, 1)
timg, tlab = tiles(80, 2)
net = FCN()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for ep in range(7):
    tot = 0.
    for b in torch.randperm(480).split(16):
        loss = objective(net(img[b]), lab[b])
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item()
    print('epoch %d loss %.4f' % (ep, tot / 30))
with torch.no_grad():
    pred = net(timg).argmax(1)
iou = []
for k, nm in enumerate(NAMES):
    ok = tlab != 255
    i = ((pred == k) & (tlab == k) & ok).sum().item()
    u = (((pred == k) | (tlab == k)) & ok).sum().item()
    iou.append(i / max(u, 1))
    print('  IoU %-6s %.3f' % (nm, iou[-1]))
print('mean IoU %.3f' % (sum(iou) / len(iou)))
