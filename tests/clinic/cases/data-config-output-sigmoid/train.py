# Lift and drag of a wing section (both standardised) from eight shape parameters
from pathlib import Path

import torch
from torch import nn

spec = dict(line.split(": ") for line in Path(__file__).resolve().with_name("net.yaml").read_text().splitlines())


def section(n):
    p = torch.randn(n, 8)
    lift = p[:, 0] + 0.7 * torch.sin(1.5 * p[:, 1]) + 0.4 * p[:, 2] * p[:, 3]
    drag = 0.6 * p[:, 0].square() + 0.5 * p[:, 4] - 0.3 * p[:, 5] * p[:, 1]
    y = torch.stack([lift, drag], 1)
    return p, y


torch.manual_seed(73)
p, y = section(2500)
y = (y - y[:2000].mean(0)) / y[:2000].std(0)
hidden = int(spec["hidden"])
surrogate = nn.Sequential(
    nn.Linear(int(spec["inputs"]), hidden),
    getattr(nn, spec["hidden_activation"])(),
    nn.Linear(hidden, hidden),
    getattr(nn, spec["hidden_activation"])(),
    nn.Linear(hidden, 2),
    getattr(nn, spec["output_activation"])(),
)
opt = torch.optim.Adam(surrogate.parameters(), lr=float(spec["rate"]))
criterion = nn.MSELoss()
for epoch in range(int(spec["epochs"])):
    surrogate.train()
    perm = torch.randperm(2000).reshape(-1, 50)
    for rows in perm:
        opt.zero_grad()
        loss = criterion(surrogate(p[rows]), y[rows])
        loss.backward()
        opt.step()
    surrogate.eval()
    with torch.no_grad():
        mse = criterion(surrogate(p[2000:]), y[2000:]).item()
    print("epoch", epoch, "train", round(loss.item(), 4), "test", round(mse, 4))
print(f"test mse {mse:.3f} (predicting the mean: {y[2000:].var(0).mean().item():.3f})")
