import random
from collections import deque, namedtuple

import torch
import torch.nn.functional as F
from torch import nn

random.seed(2)
torch.manual_seed(2)
SIZE, GOAL, PIT = 4, (3, 3), (1, 2)
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]
Transition = namedtuple("Transition", "state action reward next_state done")


def encode(cell):
    v = torch.zeros(SIZE * SIZE)
    v[cell[0] * SIZE + cell[1]] = 1
    return v


def env_step(cell, action):
    r, c = cell[0] + MOVES[action][0], cell[1] + MOVES[action][1]
    cell = (min(max(r, 0), SIZE - 1), min(max(c, 0), SIZE - 1))
    if cell == GOAL:
        return cell, 1.0, True
    if cell == PIT:
        return cell, -1.0, True
    return cell, -0.04, False


q_net = nn.Sequential(nn.Linear(SIZE * SIZE, 48), nn.ReLU(), nn.Linear(48, 4))
target_net = nn.Sequential(nn.Linear(SIZE * SIZE, 48), nn.ReLU(), nn.Linear(48, 4))
target_net.load_state_dict(q_net.state_dict())
memory = deque(maxlen=3000)
optimizer = torch.optim.Adam(q_net.parameters(), lr=3e-3)


def learn():
    batch = Transition(*zip(*random.sample(memory, 48)))
    state, nxt = torch.stack(batch.state), torch.stack(batch.next_state)
    reward, done = torch.tensor(batch.reward), torch.tensor(batch.done, dtype=torch.float)
    q = q_net(state).gather(1, torch.tensor(batch.action).unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        wanted = reward + 0.95 * target_net(nxt).max(1).values * (1 - done)
    loss = F.smooth_l1_loss(q, wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def greedy_return():
    """Mean return of the greedy policy over all cells it may start from."""
    returns = []
    for start in [(r, c) for r in range(SIZE) for c in range(SIZE) if (r, c) not in (GOAL, PIT)]:
        cell, total = start, 0.0
        for _ in range(12):
            with torch.no_grad():
                cell, r, done = env_step(cell, int(q_net(encode(cell)).argmax()))
            total += r
            if done:
                break
        returns.append(total)
    return sum(returns) / len(returns)


print(f"untrained greedy return {greedy_return():+.2f}")
cell, steps, loss = (0, 0), 0, float("nan")
for frame in range(1600):
    eps = max(0.2, 1 - frame / 1500)
    with torch.no_grad():
        action = random.randrange(4) if random.random() < eps else int(q_net(encode(cell)).argmax())
    nxt, reward, done = env_step(cell, action)
    memory.append(Transition(encode(cell), action, reward, encode(nxt), done))
    cell = (random.randrange(4), random.randrange(2)) if done else nxt
    if len(memory) >= 200 and frame % 3 == 0:
        loss = learn()
        steps += 1
        if steps % 20 == 0:
            target_net.load_state_dict(q_net.state_dict())
    if frame % 200 == 199:
        print(f"frame {frame + 1}  updates {steps}  eps {eps:.2f}  td loss {loss:.4f}  greedy return {greedy_return():+.2f}")
