import json
from types import SimpleNamespace

import torch
from torch import nn

CONFIG = """
{
  "data":  {"n": 2400, "factors": 9, "sensors": 28, "noise": 0.05},
  "model": {"stages": [64, 1, 64], "act": "GELU"},
  "train": {"lr": 0.004, "steps": 600, "batch": 96, "seed": 12}
}
"""
cfg = json.loads(CONFIG, object_hook=lambda d: SimpleNamespace(**d))
torch.manual_seed(cfg.train.seed)

z = torch.randn(cfg.data.n, cfg.data.factors)
mixing = torch.randn(cfg.data.factors, cfg.data.sensors) / cfg.data.factors ** 0.5
x = torch.tanh(z @ mixing) + cfg.data.noise * torch.randn(cfg.data.n, cfg.data.sensors)
x = (x - x.mean(0)) / x.std(0)
seen, unseen = x[:2000], x[2000:]


def assemble(dims, act):
    parts = []
    for a, b in zip(dims, dims[1:]):
        parts += [nn.Linear(a, b), getattr(nn, act)()]
    return nn.Sequential(*parts[:-1])


net = assemble([cfg.data.sensors, *cfg.model.stages, cfg.data.sensors], cfg.model.act)
opt = torch.optim.NAdam(net.parameters(), lr=cfg.train.lr)
for step in range(1, cfg.train.steps + 1):
    xb = seen[torch.randint(len(seen), (cfg.train.batch,))]
    loss = nn.functional.mse_loss(net(xb), xb)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 75 == 0:
        print(json.dumps({"step": step, "loss": round(loss.item(), 4)}))
with torch.no_grad():
    print(f"final unseen explained variance {1 - nn.functional.mse_loss(net(unseen), unseen).item():.3f}")
