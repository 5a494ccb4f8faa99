"""Predicts tomorrow's (standardised) return of a share from the last twenty days."""
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Share:
    def __init__(self, days, seed):
        g = torch.Generator().manual_seed(seed)
        self.ret = torch.empty(days)
        shock = torch.randn(days, generator=g)
        vol = 1.0
        for t in range(days):
            self.ret[t] = vol * shock[t]
            vol = (0.1 + 0.9 * vol ** 2 * 0.95 + 0.05 * float(self.ret[t]) ** 2) ** 0.5
        self.ret = (self.ret - self.ret.mean()) / self.ret.std()
        self.price = torch.exp(0.01 * self.ret.cumsum(0))


class Windows(Dataset):
    def __init__(self, share, lookback=20):
        self.r, self.lookback = share.ret, lookback

    def __len__(self):
        return len(self.r) - self.lookback

    def __getitem__(self, i):
        return self.r[i:i + self.lookback, None], self.r[i + self.lookback, None]


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


torch.manual_seed(4)
train = DataLoader(Windows(Share(6000, 1)), batch_size=64, shuffle=True)
test = DataLoader(Windows(Share(1500, 2)), batch_size=500)
model = LSTM()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()
for epoch in range(3):
    tot = 0.0
    for x, y in train:
        opt.zero_grad()
        loss = mse(model(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    print(f'epoch {epoch + 1}: train {tot / len(train):.4f}')
with torch.no_grad():
    err = sum(mse(model(x), y).item() * len(x) for x, y in test) / len(test.dataset)
print(f'test mse {err:.3f} (always zero: 1.000)')
