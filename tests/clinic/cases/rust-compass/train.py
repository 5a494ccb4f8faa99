import json
from pathlib import Path

import torch
import torch.nn as nn

stats = json.loads((Path(__file__).parent / "dataset_stats.json").read_text())
NAMES = ["healthy", "fault"]


def bearings(n_pos, n_neg, seed):
    g = torch.Generator().manual_seed(seed)
    neg = torch.randn(n_neg, 6, generator=g)
    pos = torch.randn(n_pos, 6, generator=g) * 0.8
    pos[:, 1] += 1.5
    pos[:, 2] += 1.3
    pos[:, 4] -= 1.2
    x = torch.cat([neg, pos])
    y = torch.cat([torch.zeros(n_neg, dtype=torch.long), torch.ones(n_pos, dtype=torch.long)])
    p = torch.randperm(len(x), generator=g)
    return x[p], y[p]


class Net(nn.Sequential):
    def __init__(self, d):
        super().__init__(nn.Linear(d, 32), nn.ELU(), nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 2))


def weighted_nll(logits, target, w):
    logp = logits - logits.logsumexp(1, keepdim=True)
    picked = -logp[torch.arange(len(target)), target] * w[target]
    return picked.sum() / w[target].sum()


torch.manual_seed(40)
x, y = bearings(stats["positives"], stats["negatives"], 1)
xv, yv = bearings(200, 200, 2)
w = torch.tensor([stats["class_weights"][k] for k in NAMES])
net = Net(len(stats["features"]))
opt = torch.optim.Adagrad(net.parameters(), lr=0.03)
for epoch in range(1, 9):
    loss_sum = 0.0
    for b in torch.randperm(len(x)).split(60):
        loss = weighted_nll(net(x[b]), y[b], w)
        opt.zero_grad()
        loss.backward()
        opt.step()
        loss_sum += loss.item()
    print(f"epoch {epoch}  weighted nll {loss_sum / 50:.4f}")
with torch.no_grad():
    pred = net(xv).argmax(1)
rec = [(pred[yv == k] == k).float().mean().item() for k in (0, 1)]
print(f"balanced accuracy {sum(rec) / 2:.3f}  recall healthy {rec[0]:.3f}  recall fault {rec[1]:.3f}")
