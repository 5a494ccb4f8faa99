import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical


class Corridor:
    """Walk on cells 0..8, prize at a goal shown in the observation."""

    def __init__(self, rng, size=9, limit=16):
        self.rng, self.size, self.limit = rng, size, limit

    def reset(self):
        self.pos = int(self.rng.integers(self.size))
        self.goal = int(self.rng.integers(self.size))
        self.t = 0
        return self.obs()

    def obs(self):
        o = np.zeros(2 * self.size, dtype=np.float32)
        o[self.pos] = 1
        o[self.size + self.goal] = 1
        return o

    def step(self, a):
        self.pos = int(np.clip(self.pos + (a - 1), 0, self.size - 1))
        self.t += 1
        hit = self.pos == self.goal
        return self.obs(), (1.0 if hit else -0.05), hit or self.t >= self.limit


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(18, 64)
        self.affine2 = nn.Linear(64, 3)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        return torch.softmax(self.affine2(torch.relu(self.affine1(x))), dim=-1)


rng = np.random.default_rng(30)
torch.manual_seed(30)
env = Corridor(rng)
policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=5e-3)
GAMMA = 0.95


def select_action(state):
    m = Categorical(policy(torch.from_numpy(state)))
    a = m.sample()
    policy.saved_log_probs.append(m.log_prob(a))
    return a.item()


def play():
    s, done, total = env.reset(), False, 0.0
    start = len(policy.rewards)
    while not done:
        s, r, done = env.step(select_action(s))
        policy.rewards.append(r)
        total += r
    R, returns = 0.0, []
    for r in policy.rewards[start:][::-1]:
        R = r + GAMMA * R
        returns.insert(0, R)
    return total, returns


def finish(returns):
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    policy_loss = torch.stack(policy.saved_log_probs) * returns
    optimizer.zero_grad()
    loss = policy_loss.mean()
    loss.backward()
    optimizer.step()
    policy.saved_log_probs.clear()
    policy.rewards.clear()
    return loss.item()


history = []
for update in range(161):
    batch = []
    for _ in range(6):
        total, rets = play()
        history.append(total)
        batch += rets
    loss = finish(batch)
    if update % 20 == 0:
        print(f"update {update}\tloss {loss:.4f}\taverage return {np.mean(history[-120:]):.3f}")
