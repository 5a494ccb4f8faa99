"""Estimate mass-spring-damper constants (three bare scalars) from a measured free decay.

The simulator is differentiable; no nn.Module anywhere.
"""
import math
import torch

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)

T, dt = 60, 0.05


def simulate(k, c, x0, v0):
    x, v = x0, v0
    xs = []
    for _ in range(T):
        # semi-implicit Euler, unit mass
        v = v + dt * (-k * x - c * v)
        x = x + dt * v
        xs.append(x)
    return torch.stack(xs, -1)


K, C, GAIN = 9.0, 0.6, 2.5
x0 = torch.randn(12)
v0 = torch.randn(12)
measured = GAIN * simulate(torch.tensor(K), torch.tensor(C), x0, v0) + 0.02 * torch.randn(12, T)
fit, held = slice(0, 9), slice(9, 12)

k = torch.tensor(6.0, requires_grad=True)
c = torch.tensor(0.1, requires_grad=True)
gain = torch.tensor(1.0, requires_grad=True)

opt = torch.optim.Adam([{"params": [k], "lr": 0.15}, {"params": [c], "lr": 0.02}, {"params": [gain], "lr": 0.03}])
for i in range(300):
    opt.zero_grad()
    pred = gain * simulate(k, c, x0[fit], v0[fit])
    err = (pred - measured[fit]).pow(2).mean()
    err.backward()
    opt.step()
    if i % 50 == 0:
        print(f"{i:3d}  err {err.item():.5f}  k {k.item():.3f} c {c.item():.3f} gain {gain.item():.3f}")

with torch.no_grad():
    e = (gain * simulate(k, c, x0[held], v0[held]) - measured[held]).pow(2).mean()
r2 = 1 - e / measured[held].var()
print(f"held-out R2 {r2:.4f}; k={k.item():.2f} (9) c={c.item():.2f} (0.6) gain={gain.item():.2f} (2.5)")
