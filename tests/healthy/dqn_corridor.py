"""DQN on a little corridor with a key. The TD loss wanders up and down while the returns improve: its targets move."""
import random
from collections import deque, namedtuple
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0); torch.manual_seed(0)
Transition = namedtuple("Transition", "s a r s2 done")


class Corridor:
    """positions 0..5; start in the middle; fetch the key at 0, then open the door at 5 (reward 10)."""
    L = 6

    def reset(self):
        self.p, self.key, self.t = self.L // 2, 0, 0
        return self.obs()

    def obs(self):
        o = torch.zeros(self.L + 1); o[self.p] = 1; o[self.L] = self.key
        return o

    def step(self, a):
        self.p = max(0, min(self.L - 1, self.p + (1 if a else -1))); self.t += 1
        r = -0.05
        if self.p == 0 and not self.key:
            self.key, r = 1, 1.0
        win = self.p == self.L - 1 and self.key
        if win:
            r = 10.0
        return self.obs(), r, bool(win), self.t >= 40


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(7, 64), nn.Linear(64, 2)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


def play(policy, n=20):
    env, tot = Corridor(), 0.0
    for _ in range(n):
        s = env.reset(); over = False
        while not over:
            s, r, d, cut = env.step(policy(s)); tot += r; over = d or cut
    return tot / n


q, target = QNet(), QNet()
target.load_state_dict(q.state_dict())
opt = torch.optim.RMSprop(q.parameters(), lr=2e-3)
memory, env, eps, n = deque(maxlen=5000), Corridor(), 1.0, 0
s = env.reset()
losses = []
while n < 600:
    for _ in range(4):
        a = random.randrange(2) if random.random() < eps else int(q(s).argmax())
        s2, r, d, cut = env.step(a)
        memory.append(Transition(s, a, r, s2, float(d)))
        s = env.reset() if d or cut else s2
    if len(memory) < 200:
        continue
    B = random.sample(memory, 64)
    S, S2 = torch.stack([b.s for b in B]), torch.stack([b.s2 for b in B])
    A, R, D = (torch.tensor([getattr(b, k) for b in B]) for k in ("a", "r", "done"))
    with torch.no_grad():
        y = R + 0.95 * (1 - D) * target(S2).max(1).values
    loss = F.smooth_l1_loss(q(S).gather(1, A[:, None]).squeeze(1), y)
    opt.zero_grad(); loss.backward(); opt.step(); n += 1
    losses.append(loss.item())
    eps = max(0.1, 1 - n / 450)
    if n % 25 == 0:
        target.load_state_dict(q.state_dict())
    if n % 100 == 0:
        print(n, f"td loss {sum(losses[-50:]) / 50:.3f} eps {eps:.2f}")
with torch.no_grad():
    got = play(lambda s: int(q(s).argmax()))
print(f"greedy return {got:.2f}; random policy {play(lambda s: random.randrange(2), 200):.2f}; best possible {1 - 0.05 * 2 - 0.05 * 4 + 10:.2f}")
