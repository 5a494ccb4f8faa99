import json

import torch
from torch import nn
from torch.nn.utils.parametrizations import orthogonal

SPEC = json.loads("""
{"seed": 9, "inputs": 10, "width": 32, "depth": 14, "act": "sigmoid",
 "optim": {"name": "SGD", "kw": {"lr": 0.05, "momentum": 0.9}}, "steps": 400, "batch": 64}
""")
torch.manual_seed(SPEC["seed"])

plane = torch.linalg.qr(torch.randn(SPEC["inputs"], 2)).Q


def draw(n):
    x = torch.randn(n, SPEC["inputs"])
    u = x @ plane
    return x, (u[:, 0] > 0).long() * 2 + (u[:, 1] > 0.3 * u[:, 0]).long()


class Stack(nn.Module):
    def __init__(self, s):
        super().__init__()
        sizes = [s["inputs"]] + [s["width"]] * s["depth"]
        self.layers = nn.ModuleList(orthogonal(nn.Linear(a, b), orthogonal_map="cayley") if a == b else nn.Linear(a, b)
                                    for a, b in zip(sizes, sizes[1:]))
        self.act = getattr(torch, s["act"])
        self.top = nn.Linear(s["width"], 4)

    def forward(self, x):
        for l in self.layers:
            x = self.act(l(x))
        return self.top(x)


net = Stack(SPEC)
opt = getattr(torch.optim, SPEC["optim"]["name"])(net.parameters(), **SPEC["optim"]["kw"])
pool_x, pool_y = draw(4000)
for step in range(1, SPEC["steps"] + 1):
    pick = torch.randint(0, 4000, (SPEC["batch"],))
    loss = nn.functional.cross_entropy(net(pool_x[pick]), pool_y[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        print(f"step {step}  loss {loss.item():.4f}")
with torch.no_grad():
    x, y = draw(2000)
    print(f"final test acc {(net(x).argmax(1) == y).float().mean():.3f} (majority {y.bincount().max().item() / len(y):.3f})")
