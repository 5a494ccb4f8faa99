import copy
import random
from collections import deque, namedtuple

import torch
from torch import nn

torch.manual_seed(44)
random.seed(44)
Move = namedtuple("Move", "s a r n end")
CELLS = 9


class Corridor:
    def reset(self):
        self.at, self.left = random.randrange(1, CELLS - 1), 24
        return self.view()

    def view(self):
        v = torch.zeros(CELLS)
        v[self.at] = 1
        return v

    def step(self, a):
        if random.random() < 0.1:
            a = 1 - a
        self.at += 1 if a else -1
        self.left -= 1
        if self.at == 0:
            return self.view(), 0.2, True
        if self.at == CELLS - 1:
            return self.view(), 1.0, True
        return self.view(), -0.01, self.left == 0


q = nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2))
lag = copy.deepcopy(q).requires_grad_(False).eval()
opt = torch.optim.Adam(q.parameters(), lr=3e-3)
memory = deque(maxlen=3000)
env = Corridor()


def play(n):
    total = 0.0
    for _ in range(n):
        s, end = env.reset(), False
        while not end:
            with torch.no_grad():
                s, r, end = env.step(int(q(s).argmax()))
            total += r
    return total / n


start = play(60)
s = env.reset()
for t in range(1, 2401):
    with torch.no_grad():
        a = random.randrange(2) if random.random() < max(0.1, 1 - t / 1200) else int(q(s).argmax())
    n, r, end = env.step(a)
    memory.append(Move(s, a, r, n, end))
    s = env.reset() if end else n
    if t < 100 or t % 3:
        continue
    b = Move(*zip(*random.sample(memory, 48)))
    with torch.no_grad():
        goal = torch.tensor(b.r) + 0.97 * lag(torch.stack(b.n)).max(1).values * (1 - torch.tensor(b.end).float())
    have = q(torch.stack(b.s)).gather(1, torch.tensor(b.a)[:, None]).squeeze(1)
    loss = nn.functional.smooth_l1_loss(have, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for x, y in zip(lag.parameters(), q.parameters()):
            x.lerp_(y, 0.02)
    if t % 300 == 0:
        print(f"t {t} loss {loss.item():.5f} q-mean {have.mean().item():.3f}")
print(f"final greedy return {play(100):.3f} (before training {start:.3f})")
