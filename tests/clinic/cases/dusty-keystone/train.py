# Quantisation-aware training of a wake-word net: 8-bit activations, 4-bit weights, straight-through rounding.
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

conf = json.loads((Path(__file__).parent / "conf.json").read_text())


class Words(Dataset):
    def __init__(self, n, seed):
        r = np.random.default_rng(seed)
        k, frames, mels = conf["words"], conf["frames"], conf["mels"]
        base = np.random.default_rng(100).normal(0, 1, (k, 4, mels))
        self.y = r.integers(0, k, n)
        self.x = np.zeros((n, frames, mels), np.float32)
        for i, y in enumerate(self.y):
            cuts = np.sort(r.choice(np.arange(2, frames - 1), 3, replace=False))
            part = np.searchsorted(cuts, np.arange(frames), side="right")
            self.x[i] = base[y, part] * r.uniform(0.6, 1.2)
        self.x += r.normal(0, 1.1, self.x.shape).astype(np.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), int(self.y[i])


def ste_round(v):
    return v + (v.round() - v).detach()


class QLinear(nn.Linear):
    bits = conf["weight_bits"]

    def forward(self, x):
        top = 2 ** (self.bits - 1) - 1
        scale = self.weight.detach().abs().amax(1, keepdim=True) / top
        return F.linear(x, ste_round(self.weight / scale) * scale, self.bias)


class QAct(nn.Module):
    def __init__(self, levels=255):
        super().__init__()
        self.levels = levels
        self.register_buffer("peak", torch.tensor(4.0))

    def forward(self, x):
        if self.training:
            self.peak.lerp_(x.detach().abs().amax(), 0.02)
        s = self.peak / self.levels
        return ste_round(torch.relu(x).clamp(max=self.peak) / s) * s


class WakeWord(nn.Module):
    def __init__(self):
        super().__init__()
        h = conf["hidden"]
        self.inp, self.act0 = QLinear(conf["mels"], h), QAct()
        self.rnn = nn.GRU(h, h)
        self.act1 = QAct()
        self.mix, self.act2 = QLinear(conf["frames"] * h, 64), QAct()
        self.out = QLinear(64, conf["words"])

    def forward(self, x):
        n = x.size(0)
        z = self.act0(self.inp(x))
        z, _ = self.rnn(z.transpose(0, 1))
        z = self.act1(z)
        z = self.act2(self.mix(z.reshape(n, -1)))
        return self.out(z)


def evaluate(net, loader):
    net.eval()
    good = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    net.train()
    return good / len(loader.dataset)


torch.manual_seed(conf["seed"])
train_set, test_set = Words(conf["train"], 1), Words(conf["test"], 2)
train = DataLoader(train_set, conf["batch"], shuffle=True, drop_last=True)
test = DataLoader(test_set, conf["batch"], drop_last=False)
net = WakeWord()
opt = torch.optim.Adam(net.parameters(), lr=conf["lr"], weight_decay=1e-5)

for epoch in range(conf["epochs"]):
    losses = []
    for x, y in train:
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    with torch.no_grad():
        acc = evaluate(net, test)
    print(f"epoch {epoch:2d}  loss {np.mean(losses):.3f}  test accuracy {acc:.3f}")
