import json
import pathlib

import numpy as np
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

WHERE = pathlib.Path(__file__).parent / "data"


def read():
    z = np.load(WHERE / "waves.npz")
    return torch.from_numpy(z["x"].astype("float32")).unsqueeze(1), torch.from_numpy(z["y"].astype("int64"))


def conv_block(i, o):
    return nn.Sequential(nn.Conv1d(i, o, 7, stride=2, padding=3), nn.BatchNorm1d(o), nn.ReLU())


class WaveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv_block(1, 16), conv_block(16, 32))
        self.fc = nn.Linear(32, 4)

    def forward(self, x):
        return self.fc(self.stem(x).mean(-1))


def main(cfg):
    torch.manual_seed(0)
    x, y = read()
    train = DataLoader(TensorDataset(x[:720], y[:720]), cfg["batch_size"], shuffle=True)
    net = WaveNet()
    o = cfg["optimizer"]
    opt = torch.optim.AdamW(net.parameters(), lr=o["lr"], weight_decay=o["weight_decay"])
    warm = cfg["schedule"]["warmup_steps"]
    sched = LambdaLR(opt, lambda s: min(1.0, (s + 1) / warm))
    for ep in range(cfg["epochs"]):
        net.train()
        tot = 0.0
        for xb, yb in train:
            loss = nn.functional.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            tot += loss.item() * len(xb)
        net.eval()
        with torch.no_grad():
            acc = (net(x[720:]).argmax(1) == y[720:]).float().mean().item()
        print(f"epoch {ep:2d} loss {tot / 720:.4f} acc {acc:.3f}")


if __name__ == "__main__":
    main(json.loads((WHERE / "config.json").read_text()))
