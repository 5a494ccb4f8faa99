import torch
import numpy as np
from pathlib import Path
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(21)
arch = np.load(Path(__file__).with_name('frames.npz'))
imgs = torch.tensor(arch['frames'], dtype=torch.float32).unsqueeze(1) / 255. - 0.5
gest = torch.tensor(arch['gesture'], dtype=torch.long)

train_dl = DataLoader(TensorDataset(imgs[:800], gest[:800]), batch_size=32, shuffle=True)
valid_dl = DataLoader(TensorDataset(imgs[800:], gest[800:]), batch_size=64)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(3),
    nn.Flatten(), nn.Linear(144, 32), nn.LeakyReLU(0.1), nn.Linear(32, 5),
)
opt = torch.optim.Adam(model.parameters(), 2e-3)
criterion = nn.CrossEntropyLoss()


def one_epoch(dl, train=True):
    model.train(train)
    tot, hit, n = 0., 0, 0
    with torch.set_grad_enabled(train):
        for xb, yb in dl:
            out = model(xb)
            loss = criterion(out, yb)
            if train:
                opt.zero_grad(); loss.backward(); opt.step()
            tot += loss.item() * len(yb); hit += (out.argmax(1) == yb).sum().item(); n += len(yb)
    return tot / n, hit / n


for ep in range(14):
    tl, ta = one_epoch(train_dl)
    vl, va = one_epoch(valid_dl, train=False)
    print('epoch {:2d}: train {:.4f}/{:.3f}  valid {:.4f}/{:.3f}'.format(ep, tl, ta, vl, va))
print('best we have, valid acc = {:.3f}'.format(va))
