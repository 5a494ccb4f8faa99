import torch
from torch import nn
from torch.utils.data import Sampler

torch.manual_seed(13)


class StratifiedChunks(Sampler):
    def __init__(self, labels, size, rounds):
        self.groups = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.size, self.rounds = size, rounds

    def __iter__(self):
        per = self.size // len(self.groups)
        for _ in range(self.rounds):
            yield torch.cat([g[torch.randint(len(g), (per,))] for g in self.groups])

    def __len__(self):
        return self.rounds


def primed(fn):
    def start(*a, **k):
        co = fn(*a, **k)
        next(co)
        return co
    return start


@primed
def stepper(net, opt, every):
    count, done, last = 0, 0, None
    opt.zero_grad()
    while True:
        xb, yb = yield done, last
        value = nn.functional.cross_entropy(net(xb), yb)
        value.backward()
        last = value.item()
        count += 1
        if count == every:
            opt.step()
            opt.zero_grad()
            count, done = 0, done + 1


centres = torch.randn(6, 20)
labels = torch.randint(0, 6, (3000,))
points = centres[labels] + 0.8 * torch.randn(3000, 20)
points = torch.where(torch.rand(3000, 1) < 0.5, points, -points)
train_x, train_y, test_x, test_y = points[:2400], labels[:2400], points[2400:], labels[2400:]

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 6))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
EVERY = 32
worker = stepper(net, opt, EVERY)
shown = 0
for chunk in StratifiedChunks(train_y, 24, 160 * EVERY):
    done, last = worker.send((train_x[chunk], train_y[chunk]))
    if done >= shown + 20:
        shown = done
        print(f"update {done:3d}  loss {last:.4f}")
worker.close()
with torch.no_grad():
    print(f"final test acc {(net(test_x).argmax(1) == test_y).float().mean():.3f}")
