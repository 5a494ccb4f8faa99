import random
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn as nn

opt = SimpleNamespace(users=150, items=120, dim=12, batch=128, epochs=12, lr=2e-5, wd=1e-6, seed=13)
random.seed(opt.seed)
np.random.seed(opt.seed)
torch.manual_seed(opt.seed)


def make_ratings():
    taste = np.random.randn(opt.users, 3)
    traits = np.random.randn(opt.items, 3)
    u, i = np.where(np.random.rand(opt.users, opt.items) < 0.5)
    score = 3.2 + 0.75 * (taste[u] * traits[i]).sum(1) + 0.2 * np.random.randn(len(u))
    return u, i, np.clip(score, 1, 5).astype("float32")


class NeuMF(nn.Module):
    """Two towers (gmf + mlp) and a joint regression head."""

    def __init__(self, n_users, n_items, dim):
        super().__init__()
        self.gmf_user = nn.Embedding(n_users, dim)
        self.gmf_item = nn.Embedding(n_items, dim)
        self.mlp_user = nn.Embedding(n_users, dim)
        self.mlp_item = nn.Embedding(n_items, dim)
        for table in (self.gmf_user, self.gmf_item, self.mlp_user, self.mlp_item):
            nn.init.normal_(table.weight, std=0.3)
        self.mlp = nn.Sequential(nn.Linear(2 * dim, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.head = nn.Linear(dim + 16, 1)

    def forward(self, user, item):
        gmf = self.gmf_user(user) * self.gmf_item(item)
        mlp = self.mlp(torch.cat([self.mlp_user(user), self.mlp_item(item)], dim=1))
        return self.head(torch.cat([gmf, mlp], dim=1)).squeeze(1)


def rmse(model, u, i, r):
    model.eval()
    with torch.no_grad():
        return torch.sqrt(torch.mean((model(u, i) - r) ** 2)).item()


users, items, ratings = make_ratings()
order = np.random.permutation(len(users))
cut = int(0.85 * len(order))
to_t = lambda sel: (torch.as_tensor(users[sel]), torch.as_tensor(items[sel]), torch.as_tensor(ratings[sel]))
train, test = to_t(order[:cut]), to_t(order[cut:])
center, spread = train[2].mean(), train[2].std()
train = (train[0], train[1], (train[2] - center) / spread)
test = (test[0], test[1], (test[2] - center) / spread)

model = NeuMF(opt.users, opt.items, opt.dim)
optimizer = torch.optim.AdamW(model.parameters(), lr=opt.lr, weight_decay=opt.wd)
loss_fn = nn.MSELoss()
print("ratings:", len(users), " test rmse before training: %.4f" % rmse(model, *test))

history = []
for epoch in range(1, opt.epochs + 1):
    model.train()
    perm = torch.randperm(cut)
    for s in range(0, cut, opt.batch):
        sel = perm[s:s + opt.batch]
        pred = model(train[0][sel], train[1][sel])
        loss = loss_fn(pred, train[2][sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    print("epoch %2d | mse %.4f | test rmse %.4f" % (epoch, np.mean(history[-20:]), rmse(model, *test)))
