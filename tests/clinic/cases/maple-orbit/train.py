import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

SIZE = 6
MOVES = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])
HORIZON = 24
N_ENVS = 32
GAMMA = 0.97


class GridEnvs:
    """N_ENVS copies of a small room, the agent has to pick up the key."""

    def __init__(self, n, seed=0):
        self.n = n
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.agent = self.rng.integers(0, SIZE, (self.n, 2))
        self.key = self.rng.integers(0, SIZE, (self.n, 2))
        return self.obs()

    def obs(self):
        delta = (self.key - self.agent) / SIZE
        return np.concatenate([self.agent / SIZE, self.key / SIZE, delta], axis=1).astype(np.float32)

    def step(self, action):
        before = np.abs(self.key - self.agent).sum(1)
        self.agent = np.clip(self.agent + MOVES[action], 0, SIZE - 1)
        after = np.abs(self.key - self.agent).sum(1)
        found = after == 0
        reward = 0.1 * (before - after) + 1.0 * found - 0.02
        if found.any():
            self.key[found] = self.rng.integers(0, SIZE, (found.sum(), 2))
        return self.obs(), reward.astype(np.float32)


class Pi(nn.Module):
    def __init__(self, in_dim, out_dim):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(in_dim, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, out_dim))

    def forward(self, x):
        return self.model(x)

    def act(self, obs):
        pd = Categorical(logits=self.forward(torch.from_numpy(obs)))
        action = pd.sample()
        return action.numpy(), pd.log_prob(action)


def collect(env, pi):
    log_probs, rewards = [], []
    obs = env.reset()
    for _ in range(HORIZON):
        action, lp = pi.act(obs)
        obs, r = env.step(action)
        log_probs.append(lp)
        rewards.append(r)
    return torch.stack(log_probs), np.stack(rewards)


def train(pi, optimizer, log_probs, rewards):
    T = len(rewards)
    rets = np.zeros_like(rewards)
    future_ret = np.zeros(N_ENVS, dtype=np.float32)
    for t in reversed(range(T)):
        future_ret = rewards[t] + GAMMA * future_ret
        rets[t] = future_ret
    rets = torch.from_numpy(rets)
    adv = rets - rets.mean(dim=1, keepdim=True)
    adv = adv / (adv.std() + 1e-6)
    loss = (log_probs * adv).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def main():
    torch.manual_seed(1)
    env = GridEnvs(N_ENVS, seed=1)
    pi = Pi(6, 4)
    optimizer = optim.Adam(pi.parameters(), lr=3e-3)
    window = []
    for epi in range(300):
        log_probs, rewards = collect(env, pi)
        loss = train(pi, optimizer, log_probs, rewards)
        window.append(rewards.sum(0).mean())
        if (epi + 1) % 20 == 0:
            print(f"update {epi + 1}, loss: {loss:.4f}, mean return: {np.mean(window[-20:]):.3f}")


if __name__ == "__main__":
    main()
