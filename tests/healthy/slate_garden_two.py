import numpy as np
import torch
from torch import nn


def tape(streams, length, seed):
    r = np.random.default_rng(seed)
    ev = np.where(r.random((streams, length)) < 0.03, r.choice([1, -1], (streams, length)), 0)
    other = r.normal(size=(streams, length))
    now, out = np.zeros(streams), np.zeros((streams, length))
    for t in range(length):
        now = np.where(ev[:, t] != 0, ev[:, t], now)
        out[:, t] = now
    return (torch.tensor(np.stack([ev, other], -1), dtype=torch.float32), torch.tensor(out > 0, dtype=torch.float32))


class Keeper:
    def __init__(self):
        self.rnn = nn.LSTM(2, 24, batch_first=True)
        self.out = nn.Linear(24, 1)
        self.opt = torch.optim.Adam([*self.rnn.parameters(), *self.out.parameters()], lr=1e-2)

    def run(self, x, y, chunk=15, learn=True):
        state, losses, good = None, [], []
        for a in range(0, x.shape[1], chunk):
            h, state = self.rnn(x[:, a:a + chunk], state)
            state = tuple(s.detach() for s in state)
            logit = self.out(h)[..., 0]
            part = y[:, a:a + chunk]
            loss = nn.functional.binary_cross_entropy_with_logits(logit, part)
            if learn:
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.rnn.parameters(), 1.0)
                self.opt.step()
            losses.append(loss.item())
            good.append(((logit > 0).float() == part).float().mean().item())
        return float(np.mean(losses[2:])), float(np.mean(good[5:]))


torch.manual_seed(6)
k = Keeper()
x, y = tape(32, 900, 1)
vx, vy = tape(32, 300, 2)
with torch.no_grad():
    print(f"pass 0 held-out acc {k.run(vx, vy, learn=False)[1]:.3f}")
for p in range(1, 7):
    l, a = k.run(x, y)
    with torch.no_grad():
        print(f"pass {p} loss {l:.4f} held-out acc {k.run(vx, vy, learn=False)[1]:.3f}")
