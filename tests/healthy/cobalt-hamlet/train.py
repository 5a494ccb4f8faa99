import math
import os
import numpy as np
import torch

pts = torch.from_numpy(np.load(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cloud.npy")))
fit, held = pts[:1200], pts[1200:]


class Coupling(torch.nn.Module):
    def __init__(self, flip, h=32):
        super().__init__()
        self.flip = flip
        self.net = torch.nn.Sequential(torch.nn.Linear(1, h), torch.nn.Tanh(), torch.nn.Linear(h, h), torch.nn.Tanh(), torch.nn.Linear(h, 2))

    def forward(self, x):
        a, b = (x[:, 1:], x[:, :1]) if self.flip else (x[:, :1], x[:, 1:])
        s, t = self.net(a).chunk(2, 1)
        s = torch.tanh(s) * 2
        b = b * s.exp() + t
        out = torch.cat([b, a], 1) if self.flip else torch.cat([a, b], 1)
        return out, s.sum(1)


torch.manual_seed(13)
flow = torch.nn.ModuleList([Coupling(i % 2 == 1) for i in range(6)])
opt = torch.optim.Adam(flow.parameters(), lr=3e-3, maximize=True)


def log_likelihood(x):
    ld = 0
    for f in flow:
        x, d = f(x)
        ld = ld + d
    return (-0.5 * (x ** 2).sum(1) - math.log(2 * math.pi) + ld).mean()


for step in range(500):
    batch = fit[torch.randint(0, len(fit), (64,))]
    objective = log_likelihood(batch)
    opt.zero_grad()
    objective.backward()
    opt.step()
    if step % 50 == 0 or step == 499:
        with torch.no_grad():
            print(f"step {step} objective {objective.item():.4f} held {log_likelihood(held).item():.4f}")
