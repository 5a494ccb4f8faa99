import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class Flats(Dataset):
    def __init__(self, n, seed):
        r = np.random.RandomState(seed)
        area = r.uniform(25, 160, n)
        rooms = np.clip(np.round(area / 28 + r.normal(0, .6, n)), 1, 7)
        floor = r.randint(0, 12, n)
        centre_km = r.gamma(2.0, 3.0, n)
        age = r.randint(0, 90, n)
        price = area * 2900 * np.exp(-centre_km / 22) + rooms * 9000 + floor * 1500 - age * 700 + 40000
        price *= r.lognormal(0, .05, n)
        x = np.stack([area, rooms, floor, centre_km, age], 1)
        self.x = ((x - [92, 3.6, 5.5, 6, 45]) / [39, 1.5, 3.5, 4.2, 26]).astype(np.float32)
        self.y = price.astype(np.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class PriceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(5, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x).squeeze(1)


torch.manual_seed(0)
train, test = Flats(2000, 1), Flats(500, 2)
offset, unit = 0.0, 1.0
dl = DataLoader(train, batch_size=64, shuffle=True)
model = PriceNet()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(20):
    acc = 0.0
    for xb, yb in dl:
        loss = F.mse_loss(model(xb), (yb - offset) / unit)
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc += loss.item()
    print("Epoch %d MSE %.4g" % (epoch + 1, acc / len(dl)))

with torch.no_grad():
    pred = model(torch.from_numpy(test.x)).numpy() * unit + offset
print("test MAPE: %.1f %%" % (100 * np.mean(np.abs(pred - test.y) / test.y)))
