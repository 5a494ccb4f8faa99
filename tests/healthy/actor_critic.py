"""Actor and critic with one trunk: balance a drifting cart in the middle of its track."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(229)
ENVS, HORIZON, GAMMA = 16, 20, 0.9


class Carts:
    """Position and speed of many carts at once; push left, nothing, push right."""

    def __init__(self):
        self.x, self.v = torch.randn(ENVS), 0.3 * torch.randn(ENVS)

    def state(self):
        return torch.stack([self.x, self.v], 1)

    def push(self, action):
        self.v = 0.9 * self.v + 0.25 * (action - 1) + 0.05 * torch.randn(ENVS)
        self.x = (self.x + 0.5 * self.v).clamp(-3, 3)
        return 1.0 - self.x.abs()


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, 48), nn.Tanh())
        self.actor, self.critic = nn.Linear(48, 3), nn.Linear(48, 1)

    def forward(self, state):
        h = self.trunk(state)
        return torch.distributions.Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


model = ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
rewards_seen = []
for update in range(1, 201):
    carts, log_probs, values, rewards, entropies = Carts(), [], [], [], []
    for _ in range(HORIZON):
        policy, value = model(carts.state())
        action = policy.sample()
        log_probs.append(policy.log_prob(action))
        entropies.append(policy.entropy())
        values.append(value)
        rewards.append(carts.push(action))
    with torch.no_grad():
        running = model(carts.state())[1]
    returns = []
    for r in reversed(rewards):
        running = r + GAMMA * running
        returns.append(running)
    returns, values = torch.stack(returns[::-1]), torch.stack(values)
    advantage = (returns - values).detach()
    actor_loss = -(torch.stack(log_probs) * advantage).mean()
    critic_loss = F.smooth_l1_loss(values, returns)
    loss = actor_loss + 0.5 * critic_loss - 0.01 * torch.stack(entropies).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    rewards_seen.append(torch.stack(rewards).mean().item())
    if update % 25 == 0:
        print(f"update {update}: reward per step {sum(rewards_seen[-25:]) / 25:+.3f}, critic {critic_loss.item():.3f}")
