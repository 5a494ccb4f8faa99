import math

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical


class Poles:
    def __init__(self, n, seed):
        self.n, self.rng = n, np.random.default_rng(seed)
        self.s = self.rng.uniform(-0.05, 0.05, (n, 4))
        self.age = np.zeros(n)

    def step(self, action):
        x, v, th, w = self.s.T
        force = np.where(action == 1, 10.0, -10.0)
        c, s = np.cos(th), np.sin(th)
        tmp = (force + 0.05 * w ** 2 * s) / 1.1
        acc = (9.8 * s - c * tmp) / (0.5 * (4 / 3 - 0.1 * c ** 2 / 1.1))
        xa = tmp - 0.05 * acc * c / 1.1
        self.s = np.stack([x + 0.02 * v, v + 0.02 * xa, th + 0.02 * w, w + 0.02 * acc], 1)
        self.age += 1
        fell = (np.abs(self.s[:, 0]) > 2.4) | (np.abs(self.s[:, 2]) > 12 * math.pi / 180)
        over = fell | (self.age >= 300)
        lengths = self.age[over].tolist()
        k = int(over.sum())
        if k:
            self.s[over] = self.rng.uniform(-0.05, 0.05, (k, 4))
            self.age[over] = 0
        return self.s.copy(), over, lengths


def layer(i, o, gain):
    m = nn.Linear(i, o)
    nn.init.orthogonal_(m.weight, gain)
    nn.init.zeros_(m.bias)
    return m


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(layer(4, 64, 2 ** 0.5), nn.Tanh(), layer(64, 64, 2 ** 0.5), nn.Tanh(), layer(64, 2, 0.01))
        self.v = nn.Sequential(layer(4, 64, 2 ** 0.5), nn.Tanh(), layer(64, 64, 2 ** 0.5), nn.Tanh(), layer(64, 1, 1.0))


N, T, GAMMA, LAM = 16, 96, 0.98, 0.95
SCALE = np.array([1.0, 1.0, 5.0, 1.0])
torch.manual_seed(2)
rng_env = Poles(N, 3)
agent = Agent()
opt = torch.optim.Adam(agent.parameters(), lr=2e-3, eps=1e-5)
obs = torch.tensor(rng_env.s * SCALE, dtype=torch.float32)

for rnd in range(16):
    O, A, L, V, D, ages = [], [], [], [], [], []
    with torch.no_grad():
        for _ in range(T):
            d = Categorical(logits=agent.pi(obs))
            a = d.sample()
            O.append(obs), A.append(a), L.append(d.log_prob(a)), V.append(agent.v(obs).squeeze(1))
            nxt, over, done_ages = rng_env.step(a.numpy())
            D.append(torch.tensor(over, dtype=torch.float32))
            ages += done_ages
            obs = torch.tensor(nxt * SCALE, dtype=torch.float32)
        tail = agent.v(obs).squeeze(1)
        adv, run = [None] * T, torch.zeros(N)
        for t in reversed(range(T)):
            follow = tail if t == T - 1 else V[t + 1]
            delta = 0.1 + GAMMA * follow * (1 - D[t]) - V[t]
            run = delta + GAMMA * LAM * (1 - D[t]) * run
            adv[t] = run
        O, A, L, V, adv = (torch.cat(z) for z in (O, A, L, V, adv))
        goal = adv + V
    for _ in range(6):
        for idx in torch.randperm(N * T).chunk(4):
            d = Categorical(logits=agent.pi(O[idx]))
            ratio = (d.log_prob(A[idx]) - L[idx]).exp()
            g = (adv[idx] - adv[idx].mean()) / (adv[idx].std() + 1e-8)
            gain = torch.min(ratio * g, ratio.clamp(0.8, 1.2) * g).mean()
            loss = -gain + 0.5 * (agent.v(O[idx]).squeeze(1) - goal[idx]).pow(2).mean() - 0.003 * d.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            opt.step()
    print(f"round {rnd} finished {len(ages)} mean length {np.mean(ages) if ages else float('nan'):.1f} loss {loss.item():.4f}")
