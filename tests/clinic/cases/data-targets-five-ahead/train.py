"""Tags every position of a symbol stream with a causal GRU."""
import logging
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("tagger")


class Windows(Dataset):
    def __init__(self, path, rows):
        z = np.load(path)
        self.x = z["inputs"][rows].astype(np.int64)
        self.y = z["targets"][rows].astype(np.int64)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(items):
    xs, ys = zip(*items)
    return torch.from_numpy(np.stack(xs)), torch.from_numpy(np.stack(ys))


class Tagger(nn.Module):
    def __init__(self, symbols=6, tags=4, width=48):
        super().__init__()
        self.embed = nn.Embedding(symbols, 16)
        self.gru = nn.GRU(16, width, batch_first=True)
        self.head = nn.Linear(width, tags)

    def forward(self, x):
        return self.head(self.gru(self.embed(x))[0])


torch.manual_seed(0)
path = Path(__file__).resolve().parent / "windows.npz"
train_dl = DataLoader(Windows(path, slice(0, 480)), batch_size=30, shuffle=True, collate_fn=collate)
test_dl = DataLoader(Windows(path, slice(480, None)), batch_size=60, collate_fn=collate)
model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
ce = nn.CrossEntropyLoss()

for epoch in range(15):
    for x, y in train_dl:
        logits = model(x)
        loss = ce(logits.reshape(-1, 4), y.reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        hit = sum((model(x).argmax(-1) == y).sum().item() for x, y in test_dl)
    acc = hit / (120 * 24)
    log.info("epoch %d: loss %.4f, test accuracy %.3f", epoch, loss.item(), acc)
print(f"test accuracy {acc:.3f}")
