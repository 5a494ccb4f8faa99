"""The adding problem (sum of two marked numbers) with a GRU cell written by hand and centred RMSprop."""
import torch
from torch import nn

torch.manual_seed(49)
LENGTH, HIDDEN = 12, 32


def adding_problem(n):
    value = torch.rand(n, LENGTH) - 0.5
    marker = torch.zeros(n, LENGTH)
    first, second = torch.randint(0, LENGTH // 2, (n, 1)), torch.randint(LENGTH // 2, LENGTH, (n, 1))
    marker.scatter_(1, first, 1.0).scatter_(1, second, 1.0)
    return torch.stack([value * 3.46, marker], -1), (value * marker).sum(1) * 2.45


class GatedCell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.gates = nn.Linear(n_in + n_hidden, 2 * n_hidden)
        self.candidate = nn.Linear(n_in + n_hidden, n_hidden)
        nn.init.orthogonal_(self.candidate.weight)

    def forward(self, x, h):
        z, r = torch.sigmoid(self.gates(torch.cat([x, h], 1))).chunk(2, 1)
        new = torch.tanh(self.candidate(torch.cat([x, r * h], 1)))
        return (1 - z) * h + z * new


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = GatedCell(2, HIDDEN), nn.Linear(HIDDEN, 1)

    def forward(self, x):
        h = x.new_zeros(x.size(0), HIDDEN)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        return self.out(h).squeeze(1)


adder = Adder()
optimizer = torch.optim.RMSprop(adder.parameters(), lr=3e-3, alpha=0.95, centered=True)
smooth = None
for step in range(1, 401):
    x, total = adding_problem(40)
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(adder(x), total)
    loss.backward()
    nn.utils.clip_grad_value_(adder.parameters(), 1.0)
    optimizer.step()
    smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
    if step == 1 or step % 50 == 0:
        print(f"step {step:3d}  smoothed loss {smooth:.4f}  (guessing the mean: 1.0)")
