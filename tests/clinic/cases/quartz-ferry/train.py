# sleep staging from 1-channel epochs: a small temporal conv net labels every frame of the night
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

FRAMES, BANDS, STAGES = 120, 8, 5
HP = dict(lr=0.05, momentum=0.9, weight_decay=1e-4, batch=16, iters=320, seed=21)


def night(rng):
    # sticky stages
    trans = np.full((STAGES, STAGES), 0.02)
    np.fill_diagonal(trans, 1 - 0.02 * (STAGES - 1))
    s = np.zeros(FRAMES, int)
    s[0] = rng.integers(STAGES)
    for t in range(1, FRAMES):
        s[t] = rng.choice(STAGES, p=trans[s[t - 1]])
    return s


def corpus(n, seed):
    rng = np.random.default_rng(seed)
    profile = np.random.default_rng(99).normal(size=(STAGES, BANDS))
    ys = np.stack([night(rng) for _ in range(n)])
    xs = 0.7 * profile[ys] + rng.normal(size=(n, FRAMES, BANDS))
    xs = (xs - xs.mean((0, 1))) / xs.std((0, 1))
    return torch.tensor(xs, dtype=torch.float32).transpose(1, 2), torch.tensor(ys)


class Block(nn.Module):
    def __init__(self, ch, dil):
        super().__init__()
        self.norm = nn.GroupNorm(4, ch)
        self.conv = nn.Conv1d(ch, ch, 3, padding=dil, dilation=dil)
        self.mix = nn.Conv1d(ch, ch, 1)

    def forward(self, x):
        return x + self.mix(F.relu(self.conv(self.norm(x))))


class Stager(nn.Module):
    def __init__(self, ch=32):
        super().__init__()
        self.norm = nn.GroupNorm(4, ch)
        self.inp = nn.Conv1d(BANDS, ch, 1)
        self.body = nn.Sequential(*[Block(ch, d) for d in (1, 2, 4)])
        self.out = nn.Conv1d(ch, STAGES, 1)

    def forward(self, x):
        return self.out(F.relu(self.norm(self.body(self.inp(x)))))


def night_loss(logits, stages):
    per_frame = F.cross_entropy(logits, stages, reduction="none")
    return per_frame.sum(dim=-1).mean()


torch.manual_seed(HP["seed"])
x, y = corpus(400, 1)
vx, vy = corpus(80, 2)
net = Stager()
opt = torch.optim.SGD(net.parameters(), lr=HP["lr"], momentum=HP["momentum"], weight_decay=HP["weight_decay"])

log = []
for it in range(HP["iters"]):
    pick = torch.randint(0, len(x), (HP["batch"],))
    loss = night_loss(net(x[pick]), y[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()
    log.append(loss.item() / FRAMES)
    if (it + 1) % 40 == 0:
        with torch.no_grad():
            va = (net(vx).argmax(1) == vy).float().mean().item()
        print(f"iter {it + 1:4d}  ce/frame {np.mean(log[-40:]):.4f}  val frame acc {va:.3f}")
