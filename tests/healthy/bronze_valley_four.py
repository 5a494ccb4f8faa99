import random
from collections import deque
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(2)
torch.manual_seed(2)

# 5x5 grid, start anywhere, the goal is in a corner, each move costs a little
SIZE, GOAL = 5, (4, 4)
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]

def env_step(pos, a):
    r = min(max(pos[0] + MOVES[a][0], 0), SIZE - 1)
    c = min(max(pos[1] + MOVES[a][1], 0), SIZE - 1)
    done = (r, c) == GOAL
    return (r, c), (1.0 if done else -0.04), done

def encode(pos):
    v = [0.0] * (2 * SIZE)
    v[pos[0]] = 1.0
    v[SIZE + pos[1]] = 1.0
    return v


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 * SIZE, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, s):
        return self.net(s)


policy, target = QNet(), QNet()
target.load_state_dict(policy.state_dict())
optimizer = torch.optim.Adam(policy.parameters(), lr=2e-3)
memory = deque(maxlen=5000)
gamma, eps, updates, lengths = 0.95, 1.0, 0, []

for episode in range(160):
    pos = (random.randrange(SIZE - 1), random.randrange(SIZE - 1))
    for t in range(30):
        if random.random() < eps:
            a = random.randrange(4)
        else:
            with torch.no_grad():
                a = policy(torch.tensor([encode(pos)])).argmax(1).item()
        nxt, r, done = env_step(pos, a)
        memory.append((encode(pos), a, r, encode(nxt), float(done)))
        pos = nxt
        if len(memory) >= 200:
            s, act, rew, s2, dn = zip(*random.sample(memory, 64))
            q = policy(torch.tensor(s)).gather(1, torch.tensor(act).unsqueeze(1)).squeeze(1)
            with torch.no_grad():
                y = torch.tensor(rew) + gamma * (1 - torch.tensor(dn)) * target(torch.tensor(s2)).max(1)[0]
            loss = F.smooth_l1_loss(q, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
            if updates % 100 == 0:
                target.load_state_dict(policy.state_dict())
        if done:
            break
    lengths.append(t + 1)
    eps = max(0.05, eps * 0.97)
    if (episode + 1) % 20 == 0:
        print(f"episode {episode + 1} mean length {sum(lengths[-20:]) / 20:.1f} eps {eps:.2f} loss {loss.item():.4f}")

print(f"mean steps to the goal: first 20 {sum(lengths[:20]) / 20:.1f}, last 20 {sum(lengths[-20:]) / 20:.1f}")
