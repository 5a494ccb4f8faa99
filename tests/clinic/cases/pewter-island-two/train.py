import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

np.random.seed(8)
torch.manual_seed(8)

CARDS = {"store": 150, "item": 250, "weekday": 7}

# sales depend on the store, the item and the day
n = 12000
cats = {k: np.random.randint(0, v, n) for k, v in CARDS.items()}
effects = {k: np.random.randn(v) for k, v in CARDS.items()}
promo = np.random.rand(n).astype(np.float32)
sales = (effects["store"][cats["store"]] + effects["item"][cats["item"]]
         + 0.5 * effects["weekday"][cats["weekday"]] + 0.6 * promo + 0.2 * np.random.randn(n))
sales = ((sales - sales.mean()) / sales.std()).astype(np.float32)


class SalesData(Dataset):
    def __init__(self, lo, hi):
        self.c = torch.tensor(np.stack([cats[k][lo:hi] for k in CARDS], 1))
        self.p = torch.tensor(promo[lo:hi]).unsqueeze(1)
        self.y = torch.tensor(sales[lo:hi])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.c[i], self.p[i], self.y[i]


class EntityEmbeddingNet(nn.Module):
    def __init__(self, cards, dim=4):
        super().__init__()
        self.embeddings = [nn.Embedding(c, dim) for c in cards]
        self.fc1 = nn.Linear(dim * len(cards) + 1, 48)
        self.fc2 = nn.Linear(48, 1)

    def forward(self, c, p):
        e = [emb(c[:, i]) for i, emb in enumerate(self.embeddings)]
        h = torch.relu(self.fc1(torch.cat(e + [p], dim=1)))
        return self.fc2(h).squeeze(1)


train_dl = DataLoader(SalesData(0, 10000), batch_size=128, shuffle=True)
test = SalesData(10000, n)
model = EntityEmbeddingNet(CARDS.values())
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.MSELoss()

for epoch in range(6):
    run = 0
    for c, p, y in train_dl:
        loss = loss_fn(model(c, p), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run += loss.item()
    with torch.no_grad():
        mse = loss_fn(model(test.c, test.p), test.y).item()
    print(f"epoch {epoch + 1} train mse {run / len(train_dl):.4f} test R2 {1 - mse / test.y.var().item():.3f}")
