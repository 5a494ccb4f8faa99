import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(23)


class PointEnv:
    """64 carts on a line in parallel; push left / stay / push right, stay close to the origin"""

    def __init__(self, n=64):
        self.n = n

    def reset(self):
        self.x = torch.randn(self.n) * 1.5
        self.v = torch.zeros(self.n)
        return self.obs()

    def obs(self):
        return torch.stack([self.x, self.v], 1)

    def step(self, action):
        self.v = 0.8 * self.v + 0.3 * (action.float() - 1)
        self.x = (self.x + self.v + 0.02 * torch.randn(self.n)).clamp(-4, 4)
        return self.obs(), self.x.abs()


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.Sequential(nn.Linear(2, 48), nn.Tanh())
        self.actor = nn.Linear(48, 3)
        self.critic = nn.Linear(48, 1)

    def forward(self, s):
        h = self.base(s)
        return F.log_softmax(self.actor(h), dim=1), self.critic(h).squeeze(1)


env = PointEnv()
model = ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
gamma = 0.9
history = []

for episode in range(200):
    s = env.reset()
    logps, values, costs = [], [], []
    for t in range(20):
        logp, v = model(s)
        a = torch.distributions.Categorical(logits=logp).sample()
        s, r = env.step(a)
        logps.append(logp.gather(1, a.unsqueeze(1)).squeeze(1))
        values.append(v)
        costs.append(r)
    R = torch.zeros(env.n)
    returns = []
    for r in reversed(costs):
        R = r + gamma * R
        returns.insert(0, R)
    returns = torch.stack(returns)
    values = torch.stack(values)
    logps = torch.stack(logps)
    adv = (returns - values).detach()
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    actor_loss = (logps * adv).mean()
    critic_loss = F.smooth_l1_loss(values, returns)
    loss = actor_loss + 0.5 * critic_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(torch.stack(costs).mean().item())
    if (episode + 1) % 20 == 0:
        print(f"episode {episode + 1} mean cost {sum(history[-20:]) / 20:.3f} loss {loss.item():.3f}")

print(f"mean cost: first 20 episodes {sum(history[:20]) / 20:.3f}, last 20 episodes {sum(history[-20:]) / 20:.3f}")
