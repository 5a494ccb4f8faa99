"""Momentum by hand on .data, over the parameters of a Module."""
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(303)
np.random.seed(303)

xs = np.random.uniform(-2, 2, size=(2500, 2))
zs = np.sin(2 * xs[:, 0]) * np.exp(-xs[:, 1] ** 2) + 0.3 * xs[:, 1]
zs = (zs - zs.mean()) / zs.std()
xs, zs = torch.Tensor(xs), torch.Tensor(zs)


class Surface(nn.Module):
    def __init__(self):
        super(Surface, self).__init__()
        self.a = nn.Linear(2, 50)
        self.b = nn.Linear(50, 50)
        self.c = nn.Linear(50, 1)

    def forward(self, x):
        return self.c(torch.tanh(self.b(torch.tanh(self.a(x))))).view(-1)


surface = Surface()
velocity = [torch.zeros_like(p) for p in surface.parameters()]
rate, friction = 0.05, 0.9
for step in range(401):
    pick = np.random.randint(0, 2200, 64)
    cost = ((surface(xs[pick]) - zs[pick]) ** 2).mean()
    surface.zero_grad()
    cost.backward()
    for p, v in zip(surface.parameters(), velocity):
        v.mul_(friction).add_(p.grad, alpha=-rate)
        p.data.add_(v)
    if step % 80 == 0:
        with torch.no_grad():
            test = ((surface(xs[2200:]) - zs[2200:]) ** 2).mean().item()
        print("step %3d  cost %.4f  test %.4f" % (step, cost.item(), test))

# how steep is the surface at the origin?
origin = torch.zeros(1, 2, requires_grad=True)
slope, = torch.autograd.grad(surface(origin).sum(), origin)
print("slope at the origin", slope.numpy().round(2))
