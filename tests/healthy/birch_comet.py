import argparse
import copy
import random
from collections import deque

import torch
import torch.nn as nn

ap = argparse.ArgumentParser()
ap.add_argument("--episodes", type=int, default=220)
ap.add_argument("--gamma", type=float, default=0.9)
ap.add_argument("--sync", type=int, default=60)
ap.add_argument("--batch", type=int, default=64)
args = ap.parse_args()
random.seed(1)
torch.manual_seed(1)

W = 5
GOAL, PIT = (4, 4), {(1, 3), (3, 1), (2, 2)}
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]


def code(s):
    v = torch.zeros(2 * W)
    v[s[0]] = 1.0
    v[W + s[1]] = 1.0
    return v


def move(s, a):
    r, c = s[0] + MOVES[a][0], s[1] + MOVES[a][1]
    n = (min(max(r, 0), W - 1), min(max(c, 0), W - 1))
    if n == GOAL:
        return n, 1.0, True
    if n in PIT:
        return n, -1.0, True
    return n, -0.02, False


online = nn.Sequential(nn.Linear(2 * W, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
optimizer = torch.optim.Adam(online.parameters(), lr=2e-3)
memory = deque(maxlen=4000)
updates = 0


def learn():
    global updates
    s, a, r, n, d = zip(*random.sample(memory, args.batch))
    s, n = torch.stack(s), torch.stack(n)
    a, r, d = torch.tensor(a), torch.tensor(r), torch.tensor(d, dtype=torch.float)
    q = online(s).gather(1, a[:, None]).squeeze(1)
    best = online(n).argmax(1, keepdim=True).detach()
    y = r + args.gamma * (1 - d) * target(n).gather(1, best).squeeze(1)
    loss = nn.functional.smooth_l1_loss(q, y)
    optimizer.zero_grad()
    loss.backward()
    for p in online.parameters():
        p.grad.data.clamp_(-1, 1)
    optimizer.step()
    updates += 1
    if updates % args.sync == 0:
        target.load_state_dict(online.state_dict())
    return loss.item()


def greedy_success():
    wins = 0
    starts = [(r, c) for r in range(W) for c in range(W) if (r, c) != GOAL and (r, c) not in PIT]
    for s in starts:
        for _ in range(12):
            with torch.no_grad():
                a = online(code(s)).argmax().item()
            s, r, done = move(s, a)
            if done:
                wins += r > 0
                break
    return wins / len(starts)


for ep in range(args.episodes):
    s = random.choice([(0, 0), (0, 4), (4, 0), (1, 1), (3, 3), (2, 0), (0, 2)])
    eps = max(0.1, 1 - ep / 120)
    last = 0.0
    for _ in range(20):
        if random.random() < eps:
            a = random.randrange(4)
        else:
            with torch.no_grad():
                a = online(code(s)).argmax().item()
        n, r, done = move(s, a)
        memory.append((code(s), a, r, code(n), done))
        s = n
        if len(memory) > 200:
            last = learn()
        if done:
            break
    if ep % 20 == 0 or ep == args.episodes - 1:
        print(f"episode {ep} eps {eps:.2f} td loss {last:.5f} greedy success {greedy_success():.2f}")
