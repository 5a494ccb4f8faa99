from dataclasses import dataclass
from typing import Iterator

import numpy as np
import torch

torch.set_default_dtype(torch.float64)


@dataclass(frozen=True)
class Batch:
    load: torch.Tensor
    strain: torch.Tensor

    @property
    def size(self):
        return self.strain.shape[0]


def feed(seed: int, size: int) -> Iterator[Batch]:
    rng = np.random.default_rng(seed)
    while True:
        u = rng.uniform(-2, 2, (size, 5))
        e = np.sin(1.7 * u[:, 0]) + 0.5 * u[:, 1] * u[:, 2] + 0.05 * rng.normal(size=size)
        yield Batch(torch.from_numpy(u), torch.from_numpy(e))


class Heteroscedastic(torch.nn.Module):
    def __init__(self, width=48):
        super().__init__()
        mk = lambda *s: torch.nn.Parameter(torch.randn(*s) / s[0] ** 0.5)
        zero = lambda n: torch.nn.Parameter(torch.zeros(n))
        self.w = torch.nn.ParameterDict({"a": mk(5, width), "b": mk(width, width), "mu": mk(width, 1), "ls": mk(width, 1)})
        self.c = torch.nn.ParameterDict({"a": zero(width), "b": zero(width), "mu": zero(1), "ls": zero(1)})

    def forward(self, u):
        h = torch.tanh(u @ self.w["a"] + self.c["a"])
        h = torch.tanh(h @ self.w["b"] + self.c["b"])
        return {k: h @ self.w[k] + self.c[k] for k in ("mu", "ls")}


def nll(out, batch):
    ls = out["ls"].clamp(-4, 4)
    r = (batch.strain - out["mu"]) * torch.exp(-ls)
    return (0.5 * r * r + ls).mean()


torch.manual_seed(14)
net = Heteroscedastic()
opt = torch.optim.Adamax(net.parameters(), lr=1e-2)
stream = feed(3, 100)
for step in range(1, 701):
    batch = next(stream)
    loss = nll(net(batch.load), batch)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"{step:4d}  nll {loss.item():.4f}")
with torch.no_grad():
    probe = next(feed(4, 1500))
    mu = net(probe.load)["mu"].flatten()
    print(f"final r2 {1 - (mu - probe.strain).square().mean().item() / probe.strain.var().item():.3f}")
