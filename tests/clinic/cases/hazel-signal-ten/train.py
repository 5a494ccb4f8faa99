import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(3)
torch.manual_seed(3)

N_TAGS = 12
N_WORDS = 300

# bag of words of forum posts, each post can carry several tags
tag_words = [rng.choice(N_WORDS, 12, replace=False) for _ in range(N_TAGS)]
docs = np.zeros((3000, N_WORDS), dtype=np.float32)
tags = (rng.random((3000, N_TAGS)) < 0.12).astype(np.float32)
for i in range(3000):
    docs[i, rng.choice(N_WORDS, 15)] += 1
    for k in np.flatnonzero(tags[i]):
        docs[i, rng.choice(tag_words[k], 6, replace=False)] += 1
docs = np.log1p(docs)

train_ds = TensorDataset(torch.from_numpy(docs[:2400]), torch.from_numpy(tags[:2400]))
valid_x, valid_y = torch.from_numpy(docs[2400:]), torch.from_numpy(tags[2400:])
loader = DataLoader(train_ds, batch_size=64, shuffle=True)


class TagModel(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, n_out))

    def forward(self, x):
        return torch.sigmoid(self.body(x))


def f1_micro(prob, y):
    pred = (prob > 0.5).float()
    tp = (pred * y).sum()
    return (2 * tp / (pred.sum() + y.sum() + 1e-8)).item()


model = TagModel(N_WORDS, N_TAGS)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(12):
    model.train()
    losses = []
    for x, y in loader:
        out = model(x)
        loss = loss_fn(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        f1 = f1_micro(model(valid_x), valid_y)
    print(f"epoch {epoch}: loss {np.mean(losses):.4f}  valid F1 {f1:.3f}")
