"""Policy gradient on a small pole-balancing simulation (at most 80 time steps an episode)."""
import math
import random
import torch

torch.manual_seed(0)
random.seed(0)


class Pole:
    def reset(self):
        self.s = [random.uniform(-.05, .05) for _ in range(4)]
        self.t = 0
        return self.s

    def step(self, action):
        x, v, th, w = self.s
        force = 10.0 if action == 1 else -10.0
        tmp = (force + 0.05 * w * w * math.sin(th)) / 1.1
        acc_th = (9.8 * math.sin(th) - math.cos(th) * tmp) / (0.5 * (4 / 3 - 0.1 * math.cos(th) ** 2 / 1.1))
        acc = tmp - 0.05 * acc_th * math.cos(th) / 1.1
        self.s = [x + .03 * v, v + .03 * acc, th + .03 * w, w + .03 * acc_th]
        self.t += 1
        return self.s, abs(self.s[0]) > 2.4 or abs(self.s[2]) > .21 or self.t >= 80


l1, l2, l3 = 4, 64, 2
model = torch.nn.Sequential(
    torch.nn.Linear(l1, l2),
    torch.nn.LeakyReLU(),
    torch.nn.Linear(l2, l3),
    torch.nn.Softmax(dim=0)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)


def discount_rewards(n, gamma=0.97):
    disc_return = torch.pow(gamma, torch.arange(n).float()) * torch.arange(n, 0, -1).float()
    return disc_return / disc_return.max()


def loss_fn(preds, r):
    return -1 * torch.sum(r * torch.log(preds))


env, score = Pole(), []
for episode in range(260):
    state, done, transitions = env.reset(), False, []
    while not done:
        with torch.no_grad():
            p = model(torch.tensor(state))
        action = 1 if random.random() < p[1].item() else 0
        transitions.append((state, action))
        state, done = env.step(action)
    score.append(len(transitions))
    state_batch = torch.tensor([s for s, _ in transitions])
    action_batch = torch.tensor([a for _, a in transitions])
    pred_batch = model(state_batch)
    prob_batch = pred_batch.gather(dim=1, index=action_batch.view(-1, 1)).squeeze()
    loss = loss_fn(prob_batch, discount_rewards(len(transitions)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 40 == 39:
        print(f'episode {episode + 1}: mean length {sum(score[-40:]) / 40:.1f}')
print(f'mean length of the last 40 episodes {sum(score[-40:]) / 40:.1f} (of the first 40: {sum(score[:40]) / 40:.1f}, limit 80)')
