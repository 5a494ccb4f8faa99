import os
import torch
import torch.nn as nn
import torch.nn.functional as F

CKPT = 'last.pt'
LR = 1e-3
EPOCHS = 14


class KeywordNet(nn.Module):
    """1-D convs over 20 mel bins x 24 frames"""

    def __init__(self, classes=6):
        super().__init__()
        self.conv1 = nn.Conv1d(20, 24, 5, padding=2)
        self.conv2 = nn.Conv1d(24, 24, 5, padding=2)
        self.fc = nn.Linear(24, classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.mean(-1))


def mel_clips(n, gen):
    y = torch.randint(0, 6, (n,), generator=gen)
    x = 0.5 * torch.randn(n, 20, 24, generator=gen)
    for i in range(n):
        t0 = int(torch.randint(0, 12, (1,), generator=gen))
        f0 = 2 + 3 * int(y[i] % 3)
        d = 1 if y[i] < 3 else -1
        for k in range(8):
            x[i, (f0 + 4 + d * k) % 20, t0 + k] += 1.6
    return x, y


gen = torch.Generator().manual_seed(77)
xtr, ytr = mel_clips(900, gen)
xte, yte = mel_clips(300, gen)

model = KeywordNet()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), CKPT)
start = 0
if os.path.exists(path):
    ck = torch.load(path, weights_only=True)
    model.load_state_dict(ck['model'])
    optimizer.load_state_dict(ck['optimizer'])
    start = ck['epoch']
    print('=> loaded checkpoint from epoch', start)

for epoch in range(start, start + EPOCHS):
    model.train()
    run = 0.0
    for b in torch.randperm(900, generator=gen).split(30):
        loss = F.cross_entropy(model(xtr[b]), ytr[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run += loss.item() / 30
    print('Epoch [%d] loss %.4f' % (epoch, run))

model.eval()
with torch.no_grad():
    print('Test accuracy: %.3f' % (model(xte).argmax(1) == yte).float().mean().item())
