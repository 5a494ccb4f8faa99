import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

root = os.path.dirname(os.path.realpath(__file__))
with open(os.path.join(root, "beats.json")) as fp:
    meta = json.load(fp)
signal = np.fromfile(os.path.join(root, "beats.bin"), dtype=meta["dtype"]).reshape(meta["shape"])
signal = torch.from_numpy(signal).float() * meta["scale"]
signal = (signal - signal.mean()) / signal.std()
labels = torch.tensor(meta["labels"])

torch.manual_seed(123)
perm = torch.randperm(len(labels))
train_idx, test_idx = perm[:576], perm[576:]


class BeatNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(2, 24, batch_first=True, bidirectional=True)
        self.classify = torch.nn.Linear(48, len(meta["classes"]))

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.classify(out.mean(dim=1))


model = BeatNet()
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
for epoch in range(12):
    losses = []
    for chunk in train_idx[torch.randperm(len(train_idx))].view(-1, 36):
        loss = F.cross_entropy(model(signal[chunk]), labels[chunk])
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        pred = model(signal[test_idx]).argmax(1)
    acc = (pred == labels[test_idx]).float().mean().item()
    sys.stdout.write("%2d/12 loss %.3f acc %.3f\n" % (epoch + 1, np.mean(losses), acc))
sys.stdout.write("test accuracy %.3f\n" % acc)
