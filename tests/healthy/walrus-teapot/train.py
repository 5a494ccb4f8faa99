import json
import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset


def records(path):
    with open(path) as f:
        for line in f:
            yield json.loads(line)


class CallStream(IterableDataset):
    def __init__(self, cfg, part, seed=0):
        self.cfg, self.part = cfg, part
        self.rng = random.Random(seed)
        self.index = {name: i for i, name in enumerate(cfg["classes"])}

    def parse(self):
        off, gain = self.cfg["scale"]["offset"], self.cfg["scale"]["gain"]
        for i, r in enumerate(records(self.cfg["train_file"])):
            if (i % 5 == 4) == (self.part == "val"):
                x = (torch.tensor(r["bands"], dtype=torch.float32) - off) * gain
                yield x, self.index[r["bird"]]

    def __iter__(self):
        if self.part == "val":
            yield from self.parse()
            return
        buffer = []
        for item in self.parse():
            buffer.append(item)
            if len(buffer) >= self.cfg["buffer"]:
                yield buffer.pop(self.rng.randrange(len(buffer)))
        self.rng.shuffle(buffer)
        yield from buffer


def run(cfg):
    torch.manual_seed(40)
    k = len(cfg["classes"])
    model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, k))
    weights = torch.tensor([cfg["class_weights"][c] for c in cfg["classes"]])
    loss_fn = nn.CrossEntropyLoss(weight=weights)
    opt = torch.optim.SGD(model.parameters(), lr=cfg["lr"], momentum=cfg["momentum"])
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, **cfg["schedule"])
    train = DataLoader(CallStream(cfg, "train"), batch_size=cfg["batch"])
    val = DataLoader(CallStream(cfg, "val"), batch_size=200)
    for epoch in range(cfg["epochs"]):
        model.train()
        total = n = 0
        for x, y in train:
            opt.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            opt.step()
            sched.step()
            total, n = total + loss.item(), n + 1
        model.eval()
        table = torch.zeros(k, k)
        with torch.no_grad():
            for x, y in val:
                for a, b in zip(y.tolist(), model(x).argmax(1).tolist()):
                    table[a, b] += 1
        recall = table.diag() / table.sum(1)
        print(f"epoch {epoch:2d} lr {opt.param_groups[0]['lr']:.4f} loss {total / n:.4f} "
              f"accuracy {(table.diag().sum() / table.sum()).item():.3f} balanced {recall.mean().item():.3f}")


if __name__ == "__main__":
    with open("settings.json") as f:
        run(json.load(f))
