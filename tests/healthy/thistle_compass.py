"""Entropy-regularised Q-learning for a heat-storage controller (batched simulator, replay, slow target copy)."""
import copy
import json

import torch
import torch.nn as nn
import torch.nn.functional as F

HYPER = json.loads("""{"temperature": 0.05, "gamma": 0.95, "lr": 0.002, "tau": 0.02,
 "batch": 128, "replay": 20000, "updates": 2400, "envs": 16, "seed": 23, "warmup": 60}""")


class Storage:
    """Actions: 0 idle, 1 charge from grid, 2 discharge into the house. Price and demand follow the hour."""

    actions = 3

    def __init__(self, n, seed):
        self.n, self.g = n, torch.Generator().manual_seed(seed)
        self.hour = torch.randint(24, (n,), generator=self.g)
        self.level = torch.rand(n, generator=self.g)

    def price(self):
        h = self.hour.float()
        return 0.5 + 0.4 * torch.sin(2 * torch.pi * (h - 13) / 24) + 0.2 * ((h >= 17) & (h <= 20)).float()

    def obs(self):
        a = 2 * torch.pi * self.hour.float() / 24
        return torch.stack([a.sin(), a.cos(), 2 * self.level - 1], 1)

    def step(self, action):
        price = self.price()
        charge = (action == 1).float() * torch.minimum(torch.full_like(self.level, 0.2), 1 - self.level)
        out = (action == 2).float() * torch.minimum(torch.full_like(self.level, 0.2), self.level)
        reward = 4 * price * (0.95 * out - charge) - 0.01 * (action != 0).float()
        reward = reward + 0.02 * torch.randn(self.n, generator=self.g)
        self.level = (self.level + charge - out).clamp(0, 1)
        self.hour = (self.hour + 1) % 24
        return self.obs(), reward


class Replay:
    def __init__(self, size):
        self.size, self.count = size, 0
        self.o, self.n = torch.zeros(size, 3), torch.zeros(size, 3)
        self.a, self.r = torch.zeros(size, dtype=torch.long), torch.zeros(size)

    def add(self, o, a, r, n):
        at = (self.count + torch.arange(len(o))) % self.size
        self.o[at], self.a[at], self.r[at], self.n[at] = o, a, r, n
        self.count += len(o)

    def sample(self, k):
        i = torch.randint(min(self.count, self.size), (k,))
        return self.o[i], self.a[i], self.r[i], self.n[i]


def qnet():
    return nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, Storage.actions))


def daily_gain(q, days=10):
    env, total = Storage(64, 777), 0.0
    for _ in range(24 * days):
        with torch.no_grad():
            a = q(env.obs()).argmax(1) if q is not None else torch.randint(3, (64,))
        total += env.step(a)[1].mean().item()
    return total / days


def main(hp):
    torch.manual_seed(hp["seed"])
    env, memory = Storage(hp["envs"], hp["seed"]), Replay(hp["replay"])
    q = qnet()
    slow = copy.deepcopy(q).requires_grad_(False)
    opt = torch.optim.Adam(q.parameters(), lr=hp["lr"])
    alpha = hp["temperature"]
    print(f"random controller gain per day {daily_gain(None):+.3f}   untrained {daily_gain(q):+.3f}")
    o = env.obs()
    for u in range(1, hp["updates"] + hp["warmup"] + 1):
        with torch.no_grad():
            a = torch.distributions.Categorical(logits=q(o) / alpha).sample()
        n, r = env.step(a)
        memory.add(o, a, r, n)
        o = n
        if u <= hp["warmup"]:
            continue
        bo, ba, br, bn = memory.sample(hp["batch"])
        with torch.no_grad():
            soft = alpha * torch.logsumexp(slow(bn) / alpha, dim=1)
            goal = br + hp["gamma"] * soft
        pick = q(bo).gather(1, ba[:, None]).squeeze(1)
        loss = F.smooth_l1_loss(pick, goal)
        opt.zero_grad()
        loss.backward()
        for p in q.parameters():
            p.grad.clamp_(-0.5, 0.5)
        opt.step()
        for ps, p in zip(slow.parameters(), q.parameters()):
            ps.lerp_(p.detach(), hp["tau"])
        if u % 300 == 0:
            print(f"update {u:4d}  td loss {loss.item():.5f}  mean value {goal.mean().item():.3f}  gain per day {daily_gain(q):+.3f}")
    print(f"final gain per day {daily_gain(q, 30):+.3f}")


if __name__ == "__main__":
    main(HYPER)
