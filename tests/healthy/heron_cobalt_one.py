import math
import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

torch.manual_seed(23)


def world(n):
    x = 2 * torch.rand(n, 1) - 1
    side = torch.where(torch.rand(n) < 0.5, 1.0, -1.0)
    y = side * (0.3 + x[:, 0] ** 2) + 0.1 * torch.randn(n)
    return x, y


class Mix(nn.Module):
    def __init__(self, k=4):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.par = nn.Linear(64, 3 * k)

    def forward(self, x):
        a, m, s = self.par(self.trunk(x)).chunk(3, -1)
        return MixtureSameFamily(Categorical(logits=a), Normal(m, nn.functional.softplus(s) + 0.01))


model = Mix()
opt = torch.optim.Adam(model.parameters(), lr=8e-3, maximize=True)
vx, vy = world(2000)
best = math.log(0.5) - 0.5 * math.log(2 * math.pi * math.e * 0.1 ** 2)
for step in range(401):
    x, y = world(256)
    loss = model(x).log_prob(y).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()
    if step % 80 == 0:
        with torch.no_grad():
            print(f"step {step} loss {loss.item():.3f} held-out log-likelihood {model(vx).log_prob(vy).mean().item():.3f} of {best:.3f}")
