import torch
import torch.nn as nn
import torch.nn.functional as F


def conv_bn(i, o, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class ScanNet(nn.Module):
    def __init__(self, width=12, depth=9, classes=4):
        super().__init__()
        layers = [conv_bn(1, width, 2)]
        layers += [conv_bn(width, width) for _ in range(depth)]
        self.body = nn.Sequential(*layers)
        self.fc = nn.Linear(width, classes)

    def forward(self, x):
        return self.fc(self.body(x).mean((2, 3)))


def scans(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (n,), generator=g)
    x = torch.randn(n, 1, 12, 12, generator=g) * 0.5
    t = torch.arange(12.)
    ph = torch.rand(n, generator=g) * 6.28
    for i in range(n):
        f = 1.0 if y[i] % 2 == 0 else 2.0
        wave = torch.sin(f * t + ph[i])
        x[i, 0] += wave[None, :] if y[i] < 2 else wave[:, None]
    return x * 0.25, y


@torch.no_grad()
def validate(model, x, y):
    model.eval()
    out = model(x)
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def train_epoch(model, opt, x, y, bs=40):
    total = 0.0
    for idx in torch.randperm(len(x)).split(bs):
        opt.zero_grad()
        loss = F.cross_entropy(model(x[idx]), y[idx])
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    return total / len(x)


torch.manual_seed(2)
xtr, ytr = scans(800, 1)
xva, yva = scans(300, 2)
model = ScanNet()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
print("before training: val loss %.4f acc %.3f" % validate(model, xva, yva))
for epoch in range(10):
    tr = train_epoch(model, opt, xtr, ytr)
    vl, va = validate(model, xva, yva)
    print(f"epoch {epoch}: train {tr:.4f}  val {vl:.4f}  acc {va:.3f}")
print(f"final accuracy {va:.3f}")
