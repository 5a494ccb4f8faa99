import json

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

# %% data
class Gestures(Dataset):
    def __init__(self, index="index.json"):
        meta = json.load(open(index))
        shape = (meta["clips"], meta["frames"], len(meta["axes"]))
        raw = np.fromfile(meta["file"], dtype=meta["dtype"]).reshape(shape)
        self.clips = torch.from_numpy(raw.astype(np.float32))
        self.target = torch.tensor([int(c) for c in meta["y"]])
        self.names = meta["labels"]

    def __len__(self):
        return len(self.target)

    def __getitem__(self, i):
        return self.clips[i], self.target[i]


torch.manual_seed(23)
data = Gestures()
order = torch.randperm(len(data)).tolist()
train_loader = DataLoader(Subset(data, order[200:]), batch_size=32, shuffle=True)
test_loader = DataLoader(Subset(data, order[:200]), batch_size=200)
print(len(data), "clips,", data.clips.shape[1], "frames,", np.bincount(data.target).tolist(), data.names)


# %% model
class GestureLSTM(nn.Module):
    def __init__(self, axes=3, hidden=32, classes=3):
        super().__init__()
        self.lstm = nn.LSTM(axes, hidden, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(2 * hidden)
        self.fc = nn.Linear(2 * hidden, classes)

    def forward(self, clip):
        states, _ = self.lstm(clip)
        return self.fc(self.norm(states.max(dim=1).values))


model = GestureLSTM(len("xyz"), 32, len(data.names))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)


# %% train
def test():
    model.eval()
    with torch.no_grad():
        clip, target = next(iter(test_loader))
        out = model(clip)
    model.train()
    return loss_fn(out, target).item(), (out.argmax(1) == target).float().mean().item()


for epoch in range(1, 15):
    total = 0.0
    for clip, target in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(clip), target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
    tl, ta = test()
    print("epoch %d  train %.4f  test %.4f  accuracy %.3f" % (epoch, total / len(train_loader), tl, ta))
