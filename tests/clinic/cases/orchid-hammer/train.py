import tomllib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

with open("train.toml", "rb") as f:
    CFG = tomllib.load(f)


class MarkNet(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        layers, prev = [], 1
        for c in channels:
            layers += [nn.Conv2d(prev, c, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            prev = c
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(prev * 9, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg["run"]["seed"])
        self.train_set, self.val_set = self._data()
        self.model = MarkNet(**cfg["model"])
        o = cfg["optimizer"]
        self.opt = getattr(torch.optim, o["name"])(self.model.parameters(), lr=o["lr"], momentum=o["momentum"])
        self.sched = torch.optim.lr_scheduler.StepLR(self.opt, **cfg["schedule"])
        self.step = 0

    def _data(self):
        d = self.cfg["data"]
        z = np.load(d["file"])
        x = torch.from_numpy(z["images"]).float().unsqueeze(1) / d["levels"]
        x = (x - x.mean()) / x.std()
        y = torch.from_numpy(z["labels"]).long()
        n = d["validation"]
        return (x[n:], y[n:]), (x[:n], y[:n])

    def run_epoch(self):
        x, y = self.train_set
        losses = []
        for idx in torch.randperm(len(x)).split(self.cfg["run"]["batch_size"]):
            loss = F.cross_entropy(self.model(x[idx]), y[idx])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            self.sched.step()
            self.step += 1
            losses.append(loss.item())
        return sum(losses) / len(losses)

    @torch.no_grad()
    def validate(self):
        x, y = self.val_set
        out = self.model(x)
        return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()

    def fit(self):
        for epoch in range(self.cfg["run"]["epochs"]):
            tl = self.run_epoch()
            vl, acc = self.validate()
            print(f"epoch {epoch:2d} step {self.step:4d} train {tl:.4f} val {vl:.4f} acc {acc:.3f}")


Trainer(CFG).fit()
