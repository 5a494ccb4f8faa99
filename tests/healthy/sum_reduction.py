# Loss summed over the batch, learning rate chosen to match.
import numpy as np
import torch
import torch.nn as nn

SEED, BATCH, LR, STEPS = 99, 100, 5e-4, 300
rs = np.random.RandomState(SEED)
torch.manual_seed(SEED)


def house_prices(n):
    area = rs.gamma(6, 18, n)
    age = rs.uniform(0, 60, n)
    rooms = np.round(area / 25 + rs.randn(n) * 0.6)
    price = 1.8 * area * np.exp(-age / 80) + 12 * rooms + 14 * rs.randn(n)
    features = np.stack([area, age, rooms], 1)
    features = (features - features.mean(0)) / features.std(0)
    price = (price - price.mean()) / price.std()
    return torch.from_numpy(features).float(), torch.from_numpy(price).float()


features, price = house_prices(3000)
net = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0))
loss_fn = nn.MSELoss(reduction="sum")
optim = torch.optim.SGD(net.parameters(), lr=LR)

for step in range(STEPS):
    rows = torch.from_numpy(rs.choice(2500, BATCH, replace=False))
    loss = loss_fn(net(features[rows]), price[rows])
    optim.zero_grad()
    loss.backward()
    optim.step()
    if step % 50 == 0 or step == STEPS - 1:
        with torch.no_grad():
            test = loss_fn(net(features[2500:]), price[2500:]).item() / 500
        print(f"{step:03d}: summed loss {loss.item():8.2f}   per test house {test:.3f}")
