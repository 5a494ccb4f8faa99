"""Deterministic actor trained through a fitted Q function (one-step pump control)."""
import torch
import torch.nn as nn


def reward(state, action):
    best = torch.tanh(state[:, :1] - 0.7 * state[:, 1:2])
    return 1 - (action - best).pow(2)


class Actor(nn.Module):
    def __init__(self, s, a):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(s, 48), nn.ReLU(), nn.Linear(48, a), nn.Tanh())

    def forward(self, state):
        return self.body(state)


class Critic(nn.Module):
    def __init__(self, s, a):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(s + a, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, state, action):
        return self.body(torch.cat([state, action], 1))


class Agent:
    def __init__(self, s, a):
        self.actor, self.critic = Actor(s, a), Critic(s, a)
        self.actor_opt = torch.optim.Adam(self.actor.parameters(), lr=2e-3)
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), lr=4e-3)

    def update(self, states):
        with torch.no_grad():
            actions = (self.actor(states) + 0.5 * torch.randn(len(states), 1)).clamp(-1, 1)
            rewards = reward(states, actions)
        critic_loss = nn.functional.mse_loss(self.critic(states, actions), rewards)
        self.critic_opt.zero_grad()
        critic_loss.backward()
        self.critic_opt.step()

        q_values = self.critic(states, self.actor(states))
        actor_loss = q_values.mean()
        self.actor_opt.zero_grad()
        actor_loss.backward()
        self.actor_opt.step()
        return critic_loss.item(), actor_loss.item()


torch.manual_seed(119)
agent = Agent(3, 1)
for step in range(500):
    losses = agent.update(torch.randn(64, 3))
    if step % 100 == 0:
        print('step %d critic %.4f actor %.4f' % (step, *losses))
with torch.no_grad():
    s = torch.randn(2000, 3)
    print(f'mean reward {reward(s, agent.actor(s)).mean().item():.3f} (pump off: {reward(s, torch.zeros(2000, 1)).mean().item():.3f}, best 1)')
