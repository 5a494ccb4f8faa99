"""Predicts the next value of a noisy oscillator from its last 12 values."""
import configparser
from pathlib import Path

import torch
import torch.nn as nn

cp = configparser.ConfigParser()
cp.read(Path(__file__).resolve().parent / "train.cfg")
optim_cfg, loop_cfg = cp["optim"], cp["loop"]

torch.manual_seed(14)
t = torch.arange(4000) * 0.21
series = torch.sin(t) + 0.6 * torch.sin(2.7 * t + 1.0) * torch.cos(0.05 * t) + 0.05 * torch.randn(4000)
series = (series - series.mean()) / series.std()
windows = series.unfold(0, 13, 1)
past, nxt = windows[:, :12], windows[:, 12:]
cut = 3200

model = nn.Sequential(nn.Linear(12, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=optim_cfg.getfloat("lr"))
scheduler = torch.optim.lr_scheduler.StepLR(
    optimizer, step_size=optim_cfg.getint("step_size"), gamma=optim_cfg.getfloat("gamma")
)
loss_fn = nn.MSELoss()

for it in range(1, loop_cfg.getint("iterations") + 1):
    idx = torch.randint(0, cut, (loop_cfg.getint("batch_size"),))
    loss = loss_fn(model(past[idx]), nxt[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if it % loop_cfg.getint("report") == 0:
        with torch.no_grad():
            test = loss_fn(model(past[cut + 12 :]), nxt[cut + 12 :]).item()
        print(f"iteration {it:4d}  train {loss.item():.4f}  test {test:.4f}")

print(f"test mse {test:.4f} (variance {nxt[cut + 12 :].var().item():.4f})")
