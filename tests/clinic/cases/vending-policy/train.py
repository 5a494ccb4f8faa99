"""REINFORCE on a small corridor-with-keys game."""
import torch
import torch.nn as nn
from torch.distributions import Categorical


class Corridor:
    """Agent stands on a line of 9 cells; goal is left or right, shown as a flag in the state."""

    def __init__(self, n_env, length=9, gen=None):
        self.n, self.L, self.gen = n_env, length, gen

    def reset(self):
        self.pos = torch.full((self.n,), self.L // 2)
        self.goal = torch.randint(0, 2, (self.n,), generator=self.gen) * (self.L - 1)
        self.done = torch.zeros(self.n, dtype=torch.bool)
        return self.obs()

    def obs(self):
        onehot = nn.functional.one_hot(self.pos, self.L).float()
        side = (self.goal > 0).float().unsqueeze(1) * 2 - 1
        return torch.cat([onehot, side], 1)

    def step(self, act):
        move = torch.tensor([-1, 0, 1])[act]
        self.pos = torch.where(self.done, self.pos, (self.pos + move).clamp(0, self.L - 1))
        hit = (self.pos == self.goal) & ~self.done
        rew = hit.float() - 0.02 * (~self.done).float()
        self.done = self.done | hit
        return self.obs(), rew


class Policy(nn.Module):
    def __init__(self, nobs, nact):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(nobs, 32), nn.Tanh(), nn.Linear(32, nact))

    def forward(self, o):
        return Categorical(logits=self.net(o))


def rollout(env, pi, horizon=12):
    o = env.reset()
    logps, rews = [], []
    for _ in range(horizon):
        d = pi(o)
        a = d.sample()
        logps.append(d.log_prob(a))
        o, r = env.step(a)
        rews.append(r)
    return torch.stack(logps), torch.stack(rews)


def main():
    torch.manual_seed(0)
    env = Corridor(64)
    pi = Policy(10, 3)
    opt = torch.optim.Adam(pi.parameters(), lr=5e-3)
    gamma = 0.97
    for it in range(250):
        logps, rews = rollout(env, pi)
        ret = torch.zeros(64)
        returns = []
        for r in rews.flip(0):
            ret = r + gamma * ret
            returns.insert(0, ret)
        returns = torch.stack(returns)
        adv = (returns - returns.mean()) / (returns.std() + 1e-6)
        loss = (logps * adv).sum(0).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 25 == 0:
            print(f"update {it:4d} loss {loss.item():+.3f} mean episode reward {rews.sum(0).mean().item():+.3f}")
    with torch.no_grad():
        score = torch.stack([rollout(env, pi)[1].sum(0).mean() for _ in range(10)]).mean().item()
    print(f"evaluation: mean reward over 640 episodes = {score:+.3f}")


if __name__ == "__main__":
    main()
