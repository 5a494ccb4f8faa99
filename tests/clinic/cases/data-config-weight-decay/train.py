from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


def read_hparams(path):
    """The few 'key: value' lines that we use; saves a dependency."""
    out = {}
    for line in Path(path).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            key, value = (s.strip() for s in line.split(":", 1))
            try:
                value = float(value) if "." in value else int(value)
            except ValueError:
                pass
            out[key] = value
    return out


hp = read_hparams(Path(__file__).with_name("hparams.yaml"))
torch.manual_seed(hp["seed"])


def rings(n):
    r = torch.randint(3, (n,))
    a = 6.2832 * torch.rand(n)
    rad = 0.6 + 0.6 * r + 0.12 * torch.randn(n)
    return torch.stack([rad * a.cos(), rad * a.sin()], 1), r


xs, ys = rings(2400)
xt, yt = rings(600)


class MLP(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(2, w), nn.Linear(w, w), nn.Linear(w, 3)

    def forward(self, x):
        return self.l3(F.relu(self.l2(F.relu(self.l1(x)))))


net = MLP(hp["width"])
opt_class = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[hp["optimizer"]]
opt = opt_class(net.parameters(), lr=hp["lr"], weight_decay=hp["weight_decay"])
for epoch in range(hp["epochs"]):
    for b in torch.randperm(len(xs)).split(hp["batch_size"]):
        loss = F.cross_entropy(net(xs[b]), ys[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    acc = (net(xt).argmax(1) == yt).float().mean().item()
    print(f"epoch {epoch}: loss {loss.item():.3f} acc {acc:.3f}")
print(f"test accuracy {acc:.3f}")
