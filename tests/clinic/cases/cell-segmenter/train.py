import json, pathlib
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

DIR = pathlib.Path(__file__).parent
meta = json.load(open(DIR / "dataset.json"))
z = np.load(DIR / "tiles.npz")
images = torch.from_numpy(z["images"]).float().div(255).sub(0.45).unsqueeze(1)
masks = torch.from_numpy(z["masks"]).long()
NUM = len(meta["classes"])
print(meta["name"], "-", images.shape[0], "tiles", images.shape[2:], "classes:", meta["classes"])


class DoubleConv(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class MiniUNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.d1, self.d2 = DoubleConv(1, 8), DoubleConv(8, 16)
        self.u1 = DoubleConv(24, 8)
        self.out = nn.Conv2d(8, classes, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        b = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.out(self.u1(torch.cat([a, b], 1)))


def iou(pred, mask, c):
    valid = mask != meta["void"]
    p, m = (pred == c) & valid, (mask == c) & valid
    return (p & m).sum().item() / max((p | m).sum().item(), 1)


torch.manual_seed(0)
net = MiniUNet(NUM)
criterion = nn.CrossEntropyLoss(ignore_index=meta["ignore_index"])
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
tr = 160
for epoch in range(14):
    net.train()
    s = []
    for idx in torch.randperm(tr).split(10):
        loss = criterion(net(images[idx]), masks[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        s.append(loss.item())
    print(f"epoch {epoch:2d}  loss {np.mean(s):.4f}")

net.eval()
with torch.no_grad():
    pred = net(images[tr:]).argmax(1)
scores = {name: iou(pred, masks[tr:], k) for k, name in enumerate(meta["classes"]) if k != meta["void"]}
print("IoU per class:", {k: round(v, 3) for k, v in scores.items()})
valid = masks[tr:] != meta["void"]
print("held-out pixel accuracy: %.3f" % (pred == masks[tr:])[valid].float().mean().item())
