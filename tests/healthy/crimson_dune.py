import copy
import random
from collections import deque
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Room:
    def __init__(self, size=6, limit=30):
        self.size, self.limit = size, limit
        self.goal = (size - 1, size - 1)
        self.walls = {(1, 2), (2, 2), (3, 2), (3, 4), (4, 4)}

    def reset(self):
        while True:
            self.pos = (random.randrange(self.size), random.randrange(self.size))
            if self.pos != self.goal and self.pos not in self.walls:
                break
        self.t = 0
        return self.state()

    def state(self):
        s = np.zeros(self.size * self.size, dtype=np.float32)
        s[self.pos[0] * self.size + self.pos[1]] = 1.0
        return s

    def step(self, a):
        dr, dc = [(0, 1), (1, 0), (0, -1), (-1, 0)][a]
        nxt = (min(max(self.pos[0] + dr, 0), self.size - 1), min(max(self.pos[1] + dc, 0), self.size - 1))
        if nxt not in self.walls:
            self.pos = nxt
        self.t += 1
        done = self.pos == self.goal
        return self.state(), (10.0 if done else 0.0), done, done or self.t >= self.limit


class QNet(nn.Module):
    def __init__(self, n_in, n_act):
        super().__init__()
        self.fc1 = nn.Linear(n_in, 64)
        self.fc2 = nn.Linear(64, n_act)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


class Agent:
    def __init__(self, env, gamma=0.95, lr=5e-3, batch=64, sync=25):
        self.env, self.gamma, self.batch, self.sync = env, gamma, batch, sync
        self.q = QNet(env.size ** 2, 4)
        self.q_target = copy.deepcopy(self.q)
        for p in self.q_target.parameters():
            p.requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.memory = deque(maxlen=8000)
        self.updates = 0

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(4)
        with torch.no_grad():
            return self.q(torch.from_numpy(s)).argmax().item()

    def learn(self):
        s, a, r, s2, d = zip(*random.sample(self.memory, self.batch))
        s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
        a, r, d = torch.tensor(a), torch.tensor(r), torch.tensor(d, dtype=torch.float32)
        q = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            y = r + self.gamma * (1 - d) * self.q_target(s2).max(1).values
        loss = F.mse_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.updates += 1
        if self.updates % self.sync == 0:
            self.q_target.load_state_dict(self.q.state_dict())
        return loss.item(), q.mean().item()

    def evaluate(self, episodes=40):
        wins = steps = 0
        for _ in range(episodes):
            s, over = self.env.reset(), False
            while not over:
                s, _, done, over = self.env.step(self.act(s, 0.0))
                steps += 1
            wins += done
        return wins / episodes, steps / episodes


def main():
    random.seed(9)
    torch.manual_seed(9)
    agent = Agent(Room())
    env, losses, frame = Room(), [], 0
    s = env.reset()
    while agent.updates < 1500:
        eps = max(0.15, 1.0 - frame / 5000)
        a = agent.act(s, eps)
        s2, r, done, over = env.step(a)
        agent.memory.append((s, a, r, s2, done))
        s = env.reset() if over else s2
        frame += 1
        if frame > 400 and frame % 4 == 0:
            losses.append(agent.learn())
            if agent.updates % 150 == 0:
                win, length = agent.evaluate()
                loss, mean_q = np.mean(losses[-150:], axis=0)
                print(f"updates {agent.updates} eps {eps:.2f} loss {loss:.4f} mean Q {mean_q:.2f} win rate {win:.2f} steps {length:.1f}")


if __name__ == "__main__":
    main()
