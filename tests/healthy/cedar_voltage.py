"""REINFORCE on a small cart-pole written in numpy (same physics constants as the classic one)."""
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

GAMMA = 0.99
MAX_T = 200


class CartPole:
    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def reset(self):
        self.s = self.rng.uniform(-0.05, 0.05, 4)
        self.t = 0
        return self.s.astype(np.float32)

    def step(self, a):
        x, v, th, w = self.s
        f = 10.0 if a == 1 else -10.0
        c, s = np.cos(th), np.sin(th)
        tmp = (f + 0.05 * w * w * s) / 1.1
        acc_th = (9.8 * s - c * tmp) / (0.5 * (4.0 / 3.0 - 0.1 * c * c / 1.1))
        acc = tmp - 0.05 * acc_th * c / 1.1
        self.s = np.array([x + 0.02 * v, v + 0.02 * acc, th + 0.02 * w, w + 0.02 * acc_th])
        self.t += 1
        done = abs(self.s[0]) > 2.4 or abs(self.s[2]) > 0.2095 or self.t >= MAX_T
        return self.s.astype(np.float32), 1.0, done


class Pi(nn.Module):
    def __init__(self, in_dim, out_dim):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(in_dim, 64), nn.ReLU(), nn.Linear(64, out_dim))
        self.onpolicy_reset()
        self.train()

    def onpolicy_reset(self):
        self.log_probs = []
        self.rewards = []

    def forward(self, x):
        return self.model(x)

    def act(self, state):
        pd = Categorical(logits=self.forward(torch.from_numpy(state)))
        action = pd.sample()
        self.log_probs.append(pd.log_prob(action))
        return action.item()


def train(pi, optimizer):
    T = len(pi.rewards)
    rets = np.empty(T, dtype=np.float32)
    future_ret = 0.0
    for t in reversed(range(T)):
        future_ret = pi.rewards[t] + GAMMA * future_ret
        rets[t] = future_ret
    rets = torch.tensor(rets)
    log_probs = torch.stack(pi.log_probs)
    loss = torch.sum(-log_probs * rets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def main():
    torch.manual_seed(3)
    env = CartPole(seed=3)
    pi = Pi(4, 2)
    optimizer = torch.optim.Adam(pi.parameters(), lr=0.003)
    window, losses = [], []
    for epi in range(1, 321):
        state, done = env.reset(), False
        while not done:
            state, reward, done = env.step(pi.act(state))
            pi.rewards.append(reward)
        losses.append(train(pi, optimizer))
        window.append(sum(pi.rewards))
        pi.onpolicy_reset()
        if epi % 25 == 0:
            print(f"Episode {epi}, loss: {np.mean(losses[-25:]):.2f}, total_reward (last 25): {np.mean(window[-25:]):.1f}, "
                  f"solved: {np.mean(window[-25:]) > 180}")


if __name__ == "__main__":
    main()
