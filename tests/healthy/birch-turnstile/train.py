import json
import os
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

HERE = os.path.dirname(os.path.abspath(__file__))


class Alarms(Dataset):
    def __init__(self, part):
        z = np.load(os.path.join(HERE, "alarms.npz"))
        s = slice(0, 3000) if part == "train" else slice(3000, None)
        self.x, self.y = z["x"][s].astype("float32"), z["y"][s].astype("float32")

    def __len__(self):
        return len(self.y)

    def __getitem__(self, k):
        return self.x[k], self.y[k]


def counts(model, ds):
    with torch.no_grad():
        p = model(torch.from_numpy(ds.x))[:, 0] > 0
    t = torch.from_numpy(ds.y) > 0
    return (p & t).sum().item(), (p & ~t).sum().item(), (~p & t).sum().item()


cfg = json.load(open(os.path.join(HERE, "params.json")))
torch.manual_seed(30)
train, test = Alarms("train"), Alarms("test")
model = nn.Sequential(nn.Linear(10, cfg["hidden"]), nn.LeakyReLU(0.1), nn.Linear(cfg["hidden"], 1))
crit = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(cfg["pos_weight"]))
opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
for epoch in range(cfg["epochs"]):
    agg = []
    for x, y in DataLoader(train, cfg["batch"], shuffle=True):
        loss = crit(model(x)[:, 0], y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        agg.append(loss.item())
    tp, fp, fn = counts(model, test)
    print(f"epoch {epoch} loss {np.mean(agg):.4f} tp {tp} fp {fp} fn {fn} f1 {2 * tp / (2 * tp + fp + fn):.3f}")
