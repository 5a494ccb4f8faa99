import csv
from pathlib import Path

import torch
from torch import nn

folder = Path(__file__).resolve().parent
with open(folder / "orchards.csv", newline="") as f:
    rows = list(csv.reader(f))
names, values = rows[0], torch.tensor([[float(v) for v in r] for r in rows[1:]])
inputs, harvest = values[:, :-1], values[:, -1]
cut = 5000

torch.manual_seed(9)


class Yield(nn.Module):
    def __init__(self, k, base):
        super().__init__()
        self.stem = nn.BatchNorm1d(k, affine=False, momentum=None)
        self.trunk = nn.Sequential(nn.Linear(k, 160), nn.GELU(), nn.Linear(160, 160), nn.GELU(), nn.Linear(160, 64), nn.GELU())
        self.log_mean = nn.Linear(64, 1)
        nn.init.zeros_(self.log_mean.weight)
        nn.init.constant_(self.log_mean.bias, base)

    def forward(self, x):
        return self.log_mean(self.trunk(self.stem(x))).squeeze(1)


def gamma_nll(log_mean, y):
    return (log_mean + y * torch.exp(-log_mean)).mean()


net = Yield(inputs.shape[1], harvest[:cut].mean().log().item())
opt = torch.optim.RMSprop(net.parameters(), lr=4e-4, alpha=0.98)


def check():
    net.eval()
    with torch.no_grad():
        lm = net(inputs[cut:])
        y = harvest[cut:]
        rel = ((lm.exp() - y).abs() / y).mean().item()
        out = f"nll {gamma_nll(lm, y).item():.4f} mean relative error {100 * rel:.1f}%"
    net.train()
    return out


print(f"{len(names) - 1} columns, {cut} rows;", check())
for epoch in range(12):
    order = torch.randperm(cut)
    total = 0.0
    for chunk in order.chunk(40):
        loss = gamma_nll(net(inputs[chunk]), harvest[chunk])
        net.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 2 == 1:
        print(f"epoch {epoch} train {total / 40:.4f}", check())
