import os
import numpy as np
import torch
import torch.nn as nn

SEED = 21
np.random.seed(SEED)
torch.manual_seed(SEED)

SIZE = 16
SHAPES = ["square", "cross", "frame", "diagonal", "bars"]


def draw(kind):
    canvas = np.zeros((SIZE, SIZE), dtype=np.float32)
    s = np.random.randint(6, 9)
    r, c = np.random.randint(1, SIZE - s - 1, 2)
    patch = np.zeros((s, s), dtype=np.float32)
    if kind == 0:
        patch[:] = 1
    elif kind == 1:
        patch[s // 2, :] = 1
        patch[:, s // 2] = 1
    elif kind == 2:
        patch[[0, -1], :] = 1
        patch[:, [0, -1]] = 1
    elif kind == 3:
        np.fill_diagonal(patch, 1)
        np.fill_diagonal(np.fliplr(patch), 1)
    else:
        patch[::2, :] = 1
    canvas[r:r + s, c:c + s] = patch
    canvas += np.random.normal(0, 0.25, canvas.shape)
    return canvas


def dataset(n):
    y = np.random.randint(0, len(SHAPES), n)
    x = np.stack([draw(k) for k in y])[:, None]
    x = (x - x.mean()) / x.std()
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def conv_bn(cin, cout, stride=1):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


class PlainNet(nn.Module):
    def __init__(self, widths=(8, 8, 8, 16, 16, 16, 24, 24, 24, 24, 24), strides=(1, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1)):
        super().__init__()
        blocks, cin = [], 1
        for w, s in zip(widths, strides):
            blocks.append(conv_bn(cin, w, s))
            cin = w
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Linear(cin, len(SHAPES))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


def summary(net, shape):
    net.eval()
    with torch.no_grad():
        x = torch.zeros(1, *shape)
        for layer in net.features:
            x = layer(x)
            print("%-12s -> %s" % (layer.__class__.__name__, tuple(x.shape)))
    print("params:", sum(p.numel() for p in net.parameters()))


def test(net, x, y):
    with torch.no_grad():
        logits = net(x)
    return nn.functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def train(net, data, valid, epochs=9, batch=50, lr=0.02):
    x, y = data
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    lossfn = nn.CrossEntropyLoss()
    for ep in range(epochs):
        order = torch.randperm(len(x))
        tot = 0.0
        for i in range(0, len(x), batch):
            b = order[i:i + batch]
            loss = lossfn(net(x[b]), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(b)
        vl, va = test(net, *valid)
        print("ep %d train %.4f valid %.4f acc %.3f" % (ep, tot / len(x), vl, va))


if __name__ == "__main__":
    net = PlainNet()
    summary(net, (1, SIZE, SIZE))
    train(net, dataset(2000), dataset(400))
