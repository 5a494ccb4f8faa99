import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn

SIZE = 5
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]
Transition = namedtuple("Transition", "s a r s2 done")


class Maze:
    walls = {(1, 1), (1, 2), (3, 3), (2, 3)}

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        while True:
            self.p = (self.rng.randrange(SIZE), self.rng.randrange(SIZE))
            if self.p not in self.walls and self.p != (4, 4):
                break
        self.t = 0
        return self.obs()

    def obs(self):
        o = np.zeros(SIZE * SIZE, dtype=np.float32)
        o[self.p[0] * SIZE + self.p[1]] = 1
        return o

    def step(self, a):
        d = MOVES[a]
        q = (self.p[0] + d[0], self.p[1] + d[1])
        if 0 <= q[0] < SIZE and 0 <= q[1] < SIZE and q not in self.walls:
            self.p = q
        self.t += 1
        goal = self.p == (4, 4)
        return self.obs(), (1.0 if goal else -0.02), goal, goal or self.t >= 25


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(SIZE * SIZE, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, s):
        return self.net(s)


class Agent:
    def __init__(self, gamma=0.9, lr=1e-3):
        self.q, self.tgt = QNet(), QNet()
        self.tgt.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.gamma = gamma
        self.mem = deque(maxlen=5000)

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(4)
        with torch.no_grad():
            return self.q(torch.from_numpy(s)).argmax().item()

    def learn(self, batch=64):
        tr = Transition(*zip(*random.sample(self.mem, batch)))
        s = torch.from_numpy(np.stack(tr.s))
        s2 = torch.from_numpy(np.stack(tr.s2))
        a = torch.tensor(tr.a).unsqueeze(1)
        r = torch.tensor(tr.r, dtype=torch.float32)
        cont = 1.0 - torch.tensor(tr.done, dtype=torch.float32)
        q = self.q(s).gather(1, a)
        with torch.no_grad():
            y = r + self.gamma * cont * self.tgt(s2).max(1).values
        err = q - y
        loss = torch.where(err.abs() < 1, 0.5 * err ** 2, err.abs() - 0.5).mean()
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()


def play(agent, env, n=60):
    out = []
    for _ in range(n):
        s, tot, over = env.reset(), 0.0, False
        while not over:
            s, r, _, over = env.step(agent.act(s, 0.0))
            tot += r
        out.append(tot)
    return float(np.mean(out))


random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
env = Maze(random.Random(2))
agent = Agent()
steps, running = 0, []
s = env.reset()
while steps < 1500:
    eps = max(0.1, 1.0 - steps / 900)
    a = agent.act(s, eps)
    s2, r, done, over = env.step(a)
    agent.mem.append(Transition(s, a, r, s2, float(done)))
    s = env.reset() if over else s2
    if len(agent.mem) >= 200:
        running.append(agent.learn())
        steps += 1
        if steps % 100 == 0:
            agent.tgt.load_state_dict(agent.q.state_dict())
        if steps % 150 == 0:
            print("update %d | td loss %.5f | eps %.2f" % (steps, np.mean(running[-150:]), eps))
print("greedy return over 60 fresh episodes: %.3f" % play(agent, Maze(random.Random(99))))
