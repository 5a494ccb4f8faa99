import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader

np.random.seed(11)
torch.manual_seed(11)

CALLS = ["rising", "falling", "trill", "two-tone", "arch", "buzz"]


def call_spectrogram(k, size=24):
    img = np.abs(np.random.normal(0, 0.35, (size, size)))
    start = np.random.randint(2, 6)
    length = np.random.randint(12, 17)
    f0 = np.random.randint(7, 17)
    for i in range(length):
        u = i / (length - 1)
        if k == 0:
            f = f0 - 5 + 10 * u
        elif k == 1:
            f = f0 + 5 - 10 * u
        elif k == 2:
            f = f0 + 3 * (1 if (i // 2) % 2 else -1)
        elif k == 3:
            f = f0 + (4 if u < 0.5 else -4)
        elif k == 4:
            f = f0 + 5 - 20 * (u - 0.5) ** 2 * 2
        else:
            f = f0 + np.random.uniform(-5, 5)
        f = int(np.clip(round(f), 0, size - 1))
        img[f, start + i] += np.random.uniform(0.7, 1.3)
    return img


def make_set(n):
    y = np.random.randint(0, len(CALLS), n)
    x = np.stack([call_spectrogram(k) for k in y]).astype("float32")[:, None]
    return (x - 0.35) / 0.4, y


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.skip = nn.Conv2d(cin, cout, 1, stride, bias=False)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.skip(x))


class SmallResNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = Block(8, 12, 2)
        self.layer2 = Block(12, 16, 2)
        self.layer3 = Block(16, 24, 2)
        self.fc = nn.Linear(24, num_classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean(dim=(2, 3)))


def build_model():
    model = SmallResNet()
    ct = 0
    for child in model.children():
        ct += 1
        if ct < 7:
            for param in child.parameters():
                param.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, len(CALLS))
    return model


xtr, ytr = make_set(2000)
xte, yte = make_set(500)
train_dl = DataLoader(TensorDataset(torch.tensor(xtr), torch.tensor(ytr)), batch_size=50, shuffle=True)
test_dl = DataLoader(TensorDataset(torch.tensor(xte), torch.tensor(yte)), batch_size=250)

model = build_model()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.002)

for epoch in range(9):
    for phase, dl in (("train", train_dl), ("test", test_dl)):
        model.train(phase == "train")
        loss_sum = corrects = seen = 0
        for xb, yb in dl:
            with torch.set_grad_enabled(phase == "train"):
                out = model(xb)
                loss = criterion(out, yb)
                if phase == "train":
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            loss_sum += loss.item() * len(yb)
            corrects += (out.argmax(1) == yb).sum().item()
            seen += len(yb)
        print("Epoch %d %5s Loss: %.4f Acc: %.4f" % (epoch, phase, loss_sum / seen, corrects / seen))
