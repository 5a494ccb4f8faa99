import json
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CFG = json.loads((Path(__file__).parent / "settings.json").read_text())


class EquilibriumLayer(nn.Module):
    """z* = tanh(W z* + U x + b), found by damped iteration."""

    def __init__(self, d_in, d_hidden, max_iter, tol, phantom):
        super().__init__()
        self.W = nn.Linear(d_hidden, d_hidden, bias=False)
        self.U = nn.Linear(d_in, d_hidden)
        nn.init.orthogonal_(self.W.weight, gain=0.6)
        self.max_iter, self.tol, self.phantom = max_iter, tol, phantom
        self.last_iters = 0

    def cell(self, z, injected):
        return torch.tanh(self.W(z) + injected)

    def forward(self, x):
        injected = self.U(x)
        with torch.no_grad():
            z = torch.zeros_like(injected)
            for k in range(self.max_iter):
                nxt = 0.5 * z + 0.5 * self.cell(z, injected)
                gap = (nxt - z).norm() / (nxt.norm() + 1e-8)
                z = nxt
                if gap < self.tol:
                    break
            self.last_iters = k + 1
        for _ in range(self.phantom):
            z = 0.5 * z + 0.5 * self.cell(z, injected)
        return z


class Model(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.deq = EquilibriumLayer(cfg["inputs"], cfg["hidden"], cfg["max_iter"], cfg["tol"], cfg["phantom"])
        self.head = nn.Linear(cfg["hidden"], cfg["classes"])

    def forward(self, x):
        return self.head(self.deq(x))


def spirals(n, classes, turns, noise, inputs, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(classes, (n,), generator=g)
    r = torch.rand(n, generator=g).sqrt()
    a = r * turns * 6.2832 + y * 6.2832 / classes + noise * torch.randn(n, generator=g)
    xy = torch.stack([r * a.cos(), r * a.sin()], 1) * 2
    proj = torch.randn(2, inputs, generator=torch.Generator().manual_seed(404)) / 2 ** 0.5
    return xy @ proj + 0.01 * torch.randn(n, inputs, generator=g), y


def main():
    torch.manual_seed(CFG["seed"])
    common = dict(classes=CFG["classes"], turns=CFG["turns"], noise=CFG["noise"], inputs=CFG["inputs"])
    train = DataLoader(TensorDataset(*spirals(2400, seed=1, **common)), batch_size=CFG["batch"], shuffle=True)
    xv, yv = spirals(800, seed=2, **common)
    model = Model(CFG)
    opt = torch.optim.AdamW(model.parameters(), lr=CFG["lr"], weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=CFG["lr"], total_steps=CFG["epochs"] * len(train))
    for epoch in range(1, CFG["epochs"] + 1):
        model.train()
        running = 0.0
        for x, y in train:
            loss = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            running += loss.item() / len(train)
        if epoch % 4 == 0 or epoch == 1:
            model.eval()
            with torch.no_grad():
                acc = (model(xv).argmax(1) == yv).float().mean().item()
            print(f"[{epoch:02d}] train loss {running:.3f}  val acc {acc:.3f}  solver iterations {model.deq.last_iters}")


if __name__ == "__main__":
    main()
