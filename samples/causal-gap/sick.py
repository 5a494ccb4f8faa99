# Beetle counts per generation in many culture jars: a GRU looks at a jar's past and forecasts the generations to come.
import numpy as np
import torch
import torch.nn as nn

CFG = dict(seed=5, jars=160, generations=60, window=10, hidden=48, batch=64, steps=400, lr=4e-3, report_every=100)


def grow(jars, generations, rng):
    """Ricker populations (log counts): the number of eggs falls steeply when a jar is crowded."""
    n = rng.uniform(0.3, 1.5, jars)
    rows = []
    for g in range(generations + 20):
        n = n * np.exp(3.0 * (1.0 - n) + rng.normal(0, 0.1, jars))
        if g >= 20:
            rows.append(np.log(n))
    return np.stack(rows, axis=1).astype(np.float32)


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.readout = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, past):
        memory, _ = self.gru(past)
        return self.readout(memory)


def past_and_future(block):
    """block: (batch, 10, 1)"""
    return block[:, :5], block[:, 5:]


def squared_error(guess, truth):
    return ((guess - truth) ** 2).mean()


torch.manual_seed(CFG["seed"])
rng = np.random.default_rng(CFG["seed"])
series = grow(CFG["jars"], CFG["generations"], rng)
train_jars, test_jars = series[:128], series[128:]
mu, sd = train_jars.mean(), train_jars.std()


def to_windows(jars):
    w = CFG["window"]
    cut = np.concatenate([jars[:, i:i + w] for i in range(0, jars.shape[1] - w + 1, 5)])
    return torch.from_numpy((cut - mu) / sd).unsqueeze(-1)


train, test = to_windows(train_jars), to_windows(test_jars)
net = Forecaster(CFG["hidden"])
opt = torch.optim.AdamW(net.parameters(), lr=CFG["lr"])

running = 0.0
for step in range(1, CFG["steps"] + 1):
    pick = torch.randint(0, len(train), (CFG["batch"],))
    past, future = past_and_future(train[pick])
    loss = squared_error(net(past), future)
    opt.zero_grad()
    loss.backward()
    opt.step()
    running += loss.item()
    if step % CFG["report_every"] == 0:
        with torch.no_grad():
            past, future = past_and_future(test)
            err = squared_error(net(past)[:, -5:], future[:, -5:])
            spread = future[:, -5:].var()
        print(f"step {step}: train mse {running / CFG['report_every']:.3f}, test mse of generations 6-10 {err:.3f}, "
              f"R2 {1 - err / spread:.3f}")
        running = 0.0
