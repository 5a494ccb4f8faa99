import random
from collections import deque

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(3)
random.seed(3)


class Ferry:
    """A boat on a 7 x 7 lake, wind blows it east now and then, pier at a random place on the far shore."""
    MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]

    def reset(self):
        self.x, self.y = random.randrange(7), 0
        self.goal = random.randrange(7)
        self.t = 0
        return self.obs()

    def obs(self):
        return [self.x / 3 - 1, self.y / 3 - 1, self.goal / 3 - 1, (self.goal - self.x) / 3]

    def step(self, a):
        dx, dy = self.MOVES[a]
        if random.random() < 0.1:
            dx += 1
        self.x = min(6, max(0, self.x + dx))
        self.y = min(6, max(0, self.y + dy))
        self.t += 1
        if (self.x, self.y) == (self.goal, 6):
            return self.obs(), 10.0, True
        return self.obs(), -0.2, self.t >= 30


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 48), nn.Tanh())
        self.pi = nn.Linear(48, 4)
        self.v = nn.Linear(48, 1)

    def forward(self, s):
        h = self.body(s)
        return self.pi(h), self.v(h).squeeze(-1)


def rollout(policy, n_episodes, gamma=0.97):
    obs_buf, act_buf, ret_buf, scores, arrived = [], [], [], [], 0
    envs = [Ferry() for _ in range(n_episodes)]
    states = [e.reset() for e in envs]
    alive = list(range(n_episodes))
    traj = [([], [], []) for _ in envs]
    while alive:
        with torch.no_grad():
            logits, _ = policy(torch.tensor([states[i] for i in alive]))
            acts = Categorical(logits=logits).sample().tolist()
        nxt = []
        for i, a in zip(alive, acts):
            traj[i][0].append(states[i])
            traj[i][1].append(a)
            states[i], r, done = envs[i].step(a)
            traj[i][2].append(r)
            arrived += r > 5
            if not done:
                nxt.append(i)
        alive = nxt
    for s, a, rew in traj:
        g, rets = 0.0, []
        for r in reversed(rew):
            g = r + gamma * g
            rets.insert(0, g)
        obs_buf += s
        act_buf += a
        ret_buf += rets
        scores.append(sum(rew))
    return torch.tensor(obs_buf), torch.tensor(act_buf), torch.tensor(ret_buf), scores, arrived / n_episodes


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=4e-3)
recent = deque(maxlen=20)

for it in range(1, 321):
    obs, act, ret, scores, rate = rollout(policy, 12)
    logits, value = policy(obs)
    dist = Categorical(logits=logits)
    adv = ret - value.detach()
    policy_loss = -(dist.log_prob(act) * adv).mean()
    value_loss = (value - ret).pow(2).mean()
    loss = policy_loss + 0.1 * value_loss - 0.01 * dist.entropy().mean()

    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 2.0)
    optimizer.step()

    recent.append((sum(scores) / len(scores), rate))
    if it % 20 == 0:
        print("iter %3d  loss %8.4f  policy %8.4f  value %8.4f  score %6.2f  arrived %.2f" % (
            it, loss.item(), policy_loss.item(), value_loss.item(),
            sum(r[0] for r in recent) / len(recent), sum(r[1] for r in recent) / len(recent)))
