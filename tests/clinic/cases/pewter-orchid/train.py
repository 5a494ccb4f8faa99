"""
Keyword-style classifier on 1-d gesture traces (accelerometer, 3 axes x 64 samples, 6 gestures).
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

GESTURES, LENGTH = 6, 64
PLAN = {
    "epochs": 10,
    "batch": 50,
    "lr": 3e-3,
    "open_every": 100,
    "order": ["head", "stage3", "stage2", "stage1"],
}


def gestures(n, seed):
    g = torch.Generator().manual_seed(seed)
    gp = torch.Generator().manual_seed(1234)
    motif = torch.randn(GESTURES, 3, 12, generator=gp)
    x = 0.6 * torch.randn(n, 3, LENGTH, generator=g)
    y = torch.randint(0, GESTURES, (n,), generator=g)
    at = torch.randint(0, LENGTH - 24, (n,), generator=g)
    other = (y + torch.randint(1, GESTURES, (n,), generator=g)) % GESTURES
    for i in range(n):
        a = at[i].item()
        x[i, :, a:a + 12] += motif[y[i]]
        x[i, :, a + 12:a + 24] += motif[other[i]].flip(-1)
    return x, y


def stage(i, o, pool):
    return nn.Sequential(nn.Conv1d(i, o, 5, padding=2), nn.GroupNorm(2, o), nn.ReLU(), pool)


class TraceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = stage(3, 16, nn.MaxPool1d(2))
        self.stage2 = stage(16, 24, nn.MaxPool1d(2))
        self.stage3 = stage(24, 10, nn.AdaptiveMaxPool1d(1))
        self.head = nn.Linear(10, GESTURES)

    def forward(self, x):
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.head(x.flatten(1))


class Thaw:
    def __init__(self, net, order, every):
        self.net, self.queue, self.every = net, list(order), every
        net.requires_grad_(False)
        self.open_next()

    def open_next(self):
        if self.queue:
            name = self.queue.pop(0)
            getattr(self.net, name).requires_grad_(True)
            print("opened", name)

    def tick(self, counter):
        if counter and counter % self.every == 0:
            self.open_next()


def score(net, x, y):
    with torch.no_grad():
        return (net(x).argmax(-1) == y).float().mean().item()


def main(plan):
    torch.manual_seed(17)
    x, y = gestures(2400, 1)
    vx, vy = gestures(600, 2)
    net = TraceNet()
    thaw = Thaw(net, plan["order"], plan["open_every"])
    opt = torch.optim.AdamW(net.parameters(), lr=plan["lr"], weight_decay=1e-3)
    for epoch in range(plan["epochs"]):
        thaw.tick(epoch)
        total = 0.0
        batches = torch.randperm(len(x)).split(plan["batch"])
        for b in batches:
            loss = F.cross_entropy(net(x[b]), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch:2d}  loss {total / len(batches):.4f}  val acc {score(net, vx, vy):.3f}")


main(PLAN)
