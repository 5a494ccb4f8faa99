# Match recipe descriptions to ingredient lists (two towers, in-batch candidates).
import json
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(ROOT, "settings.json")) as f:
    S = json.load(f)

torch.manual_seed(S["seed"])
rng = np.random.default_rng(S["seed"])


def recipes(n, world):
    """A recipe is a point in taste space, seen once as text counts and once as amounts."""
    taste = rng.normal(size=(n, S["taste"]))
    text = rng.poisson(np.exp(0.55 * taste @ world["text"] - 0.8))
    amounts = np.maximum(0, taste @ world["amounts"] + 0.5 * rng.normal(size=(n, S["ingredients"])))
    return torch.tensor(np.log1p(text), dtype=torch.float32), torch.tensor(amounts, dtype=torch.float32)


world = {"text": rng.normal(size=(S["taste"], S["words"])), "amounts": rng.normal(size=(S["taste"], S["ingredients"])) * 0.6}
text, amounts = recipes(S["train"], world)
text_v, amounts_v = recipes(S["valid"], world)
mid = [t.mean(0) for t in (text, amounts)]
text, text_v = text - mid[0], text_v - mid[0]
amounts, amounts_v = amounts - mid[1], amounts_v - mid[1]


class RandomFeatures(nn.Module):
    """Fixed random cosine features in front of each tower."""

    def __init__(self, n_in, n_out, scale):
        super().__init__()
        self.w = nn.Parameter(torch.randn(n_in, n_out) * scale / n_in ** 0.5, requires_grad=False)
        self.b = nn.Parameter(6.283 * torch.rand(n_out), requires_grad=False)

    def forward(self, x):
        return torch.cos(x @ self.w + self.b)


def tower(n_in):
    return nn.Sequential(RandomFeatures(n_in, S["features"], S["scale"]), nn.Linear(S["features"], S["dim"]))


class TwoTowers(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = tower(S["words"]), tower(S["ingredients"])
        self.log_t = nn.Parameter(torch.tensor(2.0))

    def forward(self, a, b):
        u, v = F.normalize(self.left(a), dim=1), F.normalize(self.right(b), dim=1)
        return self.log_t.exp() * (u.unsqueeze(1) * v.unsqueeze(0)).sum(-1)


def recall(model, k):
    with torch.no_grad():
        s = model(text_v, amounts_v)
        rank = (s > s.diag().unsqueeze(1)).sum(1)
    return (rank < k).float().mean().item()


model = TwoTowers()
opt = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=S["lr"], momentum=0.9)
print(f"chance of the right list among the first 5 of {S['valid']}: {5 / S['valid']:.3f}")

pending = 0
log = []
for micro in range(1, S["steps"] * S["accumulate"] + 1):
    rows = torch.from_numpy(rng.choice(S["train"], S["batch"], replace=False))
    logits = model(text[rows], amounts[rows])
    where = torch.arange(S["batch"])
    both = F.cross_entropy(logits, where, reduction="sum") + F.cross_entropy(logits.t(), where, reduction="sum")
    (both / (2 * S["batch"] * S["accumulate"])).backward()
    log.append(both.item() / (2 * S["batch"]))
    pending += 1
    if pending == S["accumulate"]:
        opt.step()
        opt.zero_grad()
        pending = 0
    if micro % (S["accumulate"] * S["report"]) == 0:
        print(f"step {micro // S['accumulate']:4d}  loss {np.mean(log):.3f}  temperature {model.log_t.exp().item():.2f}  "
              f"recall@1 {recall(model, 1):.3f}  recall@5 {recall(model, 5):.3f}")
        log = []
