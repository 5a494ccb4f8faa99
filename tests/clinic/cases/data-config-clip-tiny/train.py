"""Irrigation advice: three actions from ten soil and weather readings."""
import torch
from pathlib import Path
from torch import nn
from torch.nn.utils import clip_grad_norm_

opts = {}
for line in (Path(__file__).resolve().parent / "options.yaml").open():
    if ":" in line:
        name, text = line.split(":")
        opts[name.strip()] = float(text) if "." in text else int(text)

torch.manual_seed(88)
readings = torch.randn(2000, 10)
dryness = readings[:, 0] - readings[:, 1] + 0.8 * readings[:, 2] * readings[:, 3] + 0.1 * torch.randn(2000)
action = torch.bucketize(dryness, torch.tensor([-0.6, 0.6]))
fit_x, fit_y, check_x, check_y = readings[:1500], action[:1500], readings[1500:], action[1500:]

policy = nn.Sequential(nn.Linear(10, opts["hidden"]), nn.ReLU(), nn.Linear(opts["hidden"], opts["hidden"]), nn.ReLU(), nn.Linear(opts["hidden"], 3))
sgd = torch.optim.SGD(policy.parameters(), lr=opts["lr"], momentum=opts["momentum"])
loss_of = nn.CrossEntropyLoss()

for epoch in range(opts["epochs"]):
    policy.train()
    epoch_loss = 0.0
    for part in torch.randperm(1500).split(opts["batch_size"]):
        sgd.zero_grad()
        loss = loss_of(policy(fit_x[part]), fit_y[part])
        loss.backward()
        clip_grad_norm_(policy.parameters(), opts["max_grad_norm"])
        sgd.step()
        epoch_loss += loss.item() * len(part) / 1500
    policy.eval()
    with torch.inference_mode():
        agree = (policy(check_x).argmax(1) == check_y).float().mean().item()
    print(f"epoch {epoch}: loss {epoch_loss:.4f}, agreement with the agronomist {agree:.3f}")
print(f"agreement on held-out fields {agree:.3f}")
