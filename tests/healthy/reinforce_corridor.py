"""REINFORCE in a corridor: walk right to the door before the time is up; every move costs a little."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(14)
LENGTH, LIMIT, GAMMA, ENVS = 7, 16, 0.97, 12


class Corridor:
    def reset(self):
        self.pos = torch.randint(0, 4, (ENVS,))
        self.alive = torch.ones(ENVS, dtype=torch.bool)
        return self.observe()

    def observe(self):
        return nn.functional.one_hot(self.pos, LENGTH).float()

    def step(self, action):
        move = action * 2 - 1
        self.pos = torch.where(self.alive, (self.pos + move).clamp(0, LENGTH - 1), self.pos)
        arrived = self.alive & (self.pos == LENGTH - 1)
        reward = torch.where(arrived, 1.0, -0.02) * self.alive
        self.alive = self.alive & ~arrived
        return self.observe(), reward, self.alive.clone()


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1, self.affine2 = nn.Linear(LENGTH, 24), nn.Linear(24, 2)

    def forward(self, obs):
        return Categorical(logits=self.affine2(torch.tanh(self.affine1(obs))))


def discounted(rewards):
    out, running = [], torch.zeros(ENVS)
    for r in reversed(rewards):
        running = r + GAMMA * running
        out.insert(0, running)
    return torch.stack(out)


env, policy = Corridor(), Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
baseline, scores = 0.0, []
for episode in range(1, 201):
    obs, log_probs, rewards, masks = env.reset(), [], [], []
    for _ in range(LIMIT):
        dist = policy(obs)
        action = dist.sample()
        masks.append(env.alive.float())
        log_probs.append(dist.log_prob(action))
        obs, reward, alive = env.step(action)
        rewards.append(reward)
        if not alive.any():
            break
    returns, mask = discounted(rewards), torch.stack(masks)
    baseline = 0.9 * baseline + 0.1 * (returns * mask).sum().item() / mask.sum().item()
    loss = -(torch.stack(log_probs) * (returns - baseline) * mask).sum() / ENVS
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scores.append(torch.stack(rewards).sum(0).mean().item())
    if episode % 25 == 0:
        print(f"Episode {episode}\taverage return over the last 25: {sum(scores[-25:]) / 25:+.3f}\tloss {loss.item():+.3f}")
