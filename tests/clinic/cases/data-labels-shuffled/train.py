# small convnet on hand drawn strokes
import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

cfg = dict(file="glyphs.npz", batch=50, lr=0.05, momentum=0.9, epochs=8, channels=(8, 16), holdout=300)

torch.manual_seed(3)
blob = np.load(pathlib.Path(__file__).with_name(cfg["file"]))
images = torch.tensor(blob["images"], dtype=torch.float32).unsqueeze(1) / 15.0
labels = torch.tensor(blob["labels"], dtype=torch.long)
images = (images - images.mean()) / images.std()
n_train = len(images) - cfg["holdout"]
x_tr, y_tr = images[:n_train], labels[:n_train]
x_te, y_te = images[n_train:], labels[n_train:]


class Net(nn.Module):
    def __init__(self, c1, c2, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, c1, 3, padding=1)
        self.conv2 = nn.Conv2d(c1, c2, 3, padding=1)
        self.fc = nn.Linear(c2 * 4, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


net = Net(*cfg["channels"], classes=6)
sgd = torch.optim.SGD(net.parameters(), lr=cfg["lr"], momentum=cfg["momentum"])

for ep in range(cfg["epochs"]):
    perm = torch.randperm(n_train)
    run = 0.0
    for k in range(0, n_train, cfg["batch"]):
        idx = perm[k : k + cfg["batch"]]
        loss = F.cross_entropy(net(x_tr[idx]), y_tr[idx])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        run += loss.item() * len(idx)
    with torch.no_grad():
        acc = (net(x_te).argmax(1) == y_te).float().mean()
    print("ep %d  train %.3f  held-out acc %.3f" % (ep, run / n_train, acc))
print("held-out accuracy %.3f" % acc)
