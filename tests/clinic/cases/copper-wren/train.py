# Slotted windy grid: a small policy learns to reach the dock.
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class DockGrid:
    """A batch of independent 7x7 grids. Goal in a random corner, wind blows now and then."""

    MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])

    def __init__(self, n, size=7, horizon=14, seed=0):
        self.n, self.size, self.horizon = n, size, horizon
        self.rng = torch.Generator().manual_seed(seed)

    def reset(self):
        c = torch.randint(2, (self.n, 2), generator=self.rng)
        self.goal = c * (self.size - 1)
        self.pos = torch.full((self.n, 2), self.size // 2)
        self.t = 0
        self.done = torch.zeros(self.n, dtype=torch.bool)
        return self.observe()

    def observe(self):
        half = self.size / 2
        return torch.cat([self.pos / half - 1, self.goal / half - 1], 1).float()

    def step(self, action):
        move = self.MOVES[action]
        gust = torch.rand(self.n, generator=self.rng) < 0.1
        move = torch.where(gust[:, None], self.MOVES[torch.randint(4, (self.n,), generator=self.rng)], move)
        alive = ~self.done
        self.pos = torch.where(alive[:, None], (self.pos + move).clamp(0, self.size - 1), self.pos)
        hit = alive & (self.pos == self.goal).all(1)
        reward = alive.float() * -0.05 + hit.float()
        self.done = self.done | hit
        self.t += 1
        return self.observe(), reward, alive, self.t >= self.horizon


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
        self.logits = nn.Linear(48, 4)

    def forward(self, obs):
        return Categorical(logits=self.logits(self.body(obs)))


def rollout(env, policy):
    obs, logps, rewards, masks, ents = env.reset(), [], [], [], []
    over = False
    while not over:
        dist = policy(obs)
        a = dist.sample()
        logps.append(dist.log_prob(a))
        ents.append(dist.entropy())
        obs, r, alive, over = env.step(a)
        rewards.append(r)
        masks.append(alive.float())
    return torch.stack(logps), torch.stack(rewards), torch.stack(masks), torch.stack(ents), env.done.float().mean().item()


def returns_to_go(rewards, gamma=0.97):
    out, acc = torch.zeros_like(rewards), torch.zeros(rewards.shape[1])
    for t in reversed(range(len(rewards))):
        acc = rewards[t] + gamma * acc
        out[t] = acc
    return out


def train():
    torch.manual_seed(5)
    np.random.seed(5)
    env = DockGrid(64, seed=5)
    policy = Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=4e-3)
    baseline = torch.zeros(env.horizon)
    for update in range(1, 401):
        logp, rew, mask, ent, reached = rollout(env, policy)
        G = returns_to_go(rew)
        adv = (G - baseline[:, None]) * mask
        baseline = 0.9 * baseline + 0.1 * (G * mask).sum(1) / mask.sum(1).clamp(min=1)
        objective = (logp * adv).sum() / mask.sum() + 0.005 * (ent * mask).sum() / mask.sum()
        optimizer.zero_grad()
        objective.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        if update % 40 == 0:
            print(f"update {update:3d} objective {objective.item():+.4f} return {rew.sum(0).mean().item():+.3f} reached {reached:.2f}")

    test = DockGrid(512, seed=123)
    with torch.no_grad():
        _, rew, _, _, reached = rollout(test, policy)
    print(f"test return {rew.sum(0).mean().item():+.3f}  reached {reached:.3f}")


if __name__ == "__main__":
    train()
