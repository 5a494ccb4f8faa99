import torch
from torch import nn

torch.manual_seed(43)
N_CLASS, BITS = 10, 16
mu = torch.randn(N_CLASS, 3, 24) * 1.2


def rows(n):
    y = torch.randint(0, N_CLASS, (n,))
    return mu[y, torch.randint(0, 3, (n,))] + torch.randn(n, 24), y


class Hasher(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(24, 96), nn.ReLU(), nn.Linear(96, BITS))
        self.squash = nn.Tanh()
        self.dec = nn.Linear(BITS, N_CLASS)
        self.beta = 1.0

    def forward(self, x):
        code = self.squash(self.beta * self.enc(x))
        return self.dec(code), code


vx, vy = rows(1000)
model = Hasher()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
TOTAL = 300
for step in range(TOTAL + 1):
    model.beta = 1.0 + 5.0 * step / TOTAL
    x, y = rows(128)
    logit, code = model(x)
    loss = nn.functional.cross_entropy(logit, y) + 0.05 * (1 - code.abs()).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            bits = torch.sign(model(vx)[1])
            acc = (model.dec(bits).argmax(1) == vy).float().mean().item()
        print(f"step {step} loss {loss.item():.3f} mean |code| {code.abs().mean().item():.3f} acc from bits alone {acc:.3f}")
