import json
import pathlib

import torch
from torch import nn

from model import IntentNet, apply_freeze

conf = json.loads(pathlib.Path("finetune.json").read_text())
torch.manual_seed(conf["seed"])


def utterances(n):
    ids = torch.randint(10, 30, (n, 9))
    y = torch.randint(0, 5, (n,))
    a = torch.randint(0, 4, (n,))
    b = torch.randint(5, 8, (n,))
    r = torch.arange(n)
    ids[r, a] = y
    ids[r, b] = 5 + (y + 2) % 5
    return ids, y


X, Y = utterances(2400)
Xv, Yv = utterances(600)
net = IntentNet(**conf["backbone"])
if conf["pretrained"]:
    net.load_state_dict(torch.load(conf["pretrained"]))
params = apply_freeze(net, conf["freeze_prefixes"])
t = conf["train"]
opt = torch.optim.AdamW(params, lr=t["lr"])
for epoch in range(t["epochs"]):
    total = 0.0
    for idx in torch.randperm(len(X)).split(t["batch_size"]):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(X[idx]), Y[idx])
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch + 1}: loss {total / len(X):.4f}")
with torch.no_grad():
    print(f"intent accuracy on validation: {(net(Xv).argmax(-1) == Yv).float().mean():.3f}")
