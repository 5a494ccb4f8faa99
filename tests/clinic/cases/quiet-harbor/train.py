import itertools
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)
rng = np.random.default_rng(11)

ORDERS = list(itertools.permutations([0, 1, 2]))
BANDS = [2, 7, 12]
FREQ, FRAMES = 16, 40


def render(order):
    spec = rng.normal(0, 0.25, size=(FREQ, FRAMES))
    t = rng.integers(1, 5)
    for b in order:
        length = rng.integers(5, 8)
        f = BANDS[b] + rng.integers(-1, 2)
        spec[f, t:t + length] += rng.uniform(1.5, 2.5)
        spec[f + 1, t:t + length] += rng.uniform(0.5, 1.0)
        t += length + rng.integers(1, 4)
    return spec


def dataset(n):
    labels = rng.integers(0, len(ORDERS), size=n)
    specs = np.stack([render(ORDERS[k]) for k in labels]).astype("float32")
    return torch.from_numpy(specs).unsqueeze(1), torch.from_numpy(labels)


class CRNN(nn.Module):
    def __init__(self, n_class, nh=48):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(True),
            nn.MaxPool2d((2, 2)),
            nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(True),
            nn.MaxPool2d((2, 1)),
            nn.Conv2d(24, 32, (4, 1)), nn.ReLU(True),
        )
        self.rnn = nn.LSTM(32, nh, batch_first=True)
        self.fc = nn.Linear(nh, n_class)

    def forward(self, x):
        conv = self.cnn(x)
        b, c, h, w = conv.size()
        assert h == 1, "the height of conv must be 1"
        conv = conv.squeeze(2)
        conv = conv.permute(2, 0, 1)
        out, _ = self.rnn(conv)
        return self.fc(out[-1])


x_train, y_train = dataset(1600)
x_val, y_val = dataset(320)
net = CRNN(len(ORDERS))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

step = 0
for epoch in range(8):
    net.train()
    perm = torch.randperm(len(x_train))
    for idx in perm.split(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        step += 1
        if step % 40 == 0:
            print("step %d loss %.4f" % (step, loss.item()))
    net.eval()
    with torch.no_grad():
        pred = torch.cat([net(xb).argmax(1) for xb in x_val.split(40)])
    print("epoch %d val acc %.3f" % (epoch, (pred == y_val).float().mean().item()))
