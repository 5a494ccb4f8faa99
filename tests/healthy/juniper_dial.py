# %%
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

torch.manual_seed(40)
MEMBERS, STEPS, BATCH = 6, 900, 64

# %% Mackey-Glass style series, predict the step after a window of lagged values
def series(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = [1.2 + 0.1 * torch.rand(1, generator=g).item()] * 20
    for _ in range(n + 200):
        d = x[-18]
        x.append(x[-1] + 0.2 * d / (1 + d ** 10) - 0.1 * x[-1])
    return torch.tensor(x[-n:])


def windows(s, lags=(0, 3, 6, 9, 12, 15), ahead=8):
    last = max(lags)
    idx = torch.arange(last, len(s) - ahead)
    x = torch.stack([s[idx - l] for l in lags], 1)
    return (x - 0.9) / 0.25, ((s[idx + ahead] - 0.9) / 0.25)[:, None]


x, y = windows(series(2500, 1))
xv, yv = windows(series(900, 2))

# %% members share code, not weights
def member():
    return nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


nets = [member() for _ in range(MEMBERS)]
params, buffers = stack_module_state(nets)
skeleton = member().to("meta")


def loss_of(p, b, xb, yb):
    return F.mse_loss(functional_call(skeleton, (p, b), (xb,)), yb)


step_fn = vmap(grad_and_value(loss_of), in_dims=(0, 0, 0, 0))
predict = vmap(lambda p, b, xx: functional_call(skeleton, (p, b), (xx,)), in_dims=(0, 0, None))
params = {k: v.detach() for k, v in params.items()}
first = {k: torch.zeros_like(v) for k, v in params.items()}
second = {k: torch.zeros_like(v) for k, v in params.items()}


def rmse():
    with torch.no_grad():
        p = predict(params, buffers, xv)
    each = (p - yv).pow(2).mean((1, 2)).sqrt()
    return each.mean().item(), (p.mean(0) - yv).pow(2).mean().sqrt().item()


# %%
print(f"constant forecast {(yv - y.mean()).pow(2).mean().sqrt().item():.3f}")
print("untrained: member %.3f  mean of members %.3f" % rmse())
for t in range(1, STEPS + 1):
    rows = torch.randint(len(x), (MEMBERS, BATCH))
    grads, losses = step_fn(params, buffers, x[rows], y[rows])
    lr = 4e-3 * 0.5 * (1 + math.cos(math.pi * t / STEPS)) + 1e-4
    with torch.no_grad():
        for k, g in grads.items():
            first[k].mul_(0.9).add_(g, alpha=0.1)
            second[k].mul_(0.99).addcmul_(g, g, value=0.01)
            m, v = first[k] / (1 - 0.9 ** t), second[k] / (1 - 0.99 ** t)
            params[k] -= lr * m / (v.sqrt() + 1e-8)
    if t % 100 == 0:
        print(f"step {t:4d} losses {[round(l, 4) for l in losses.tolist()]}" + "  member %.3f  mean %.3f" % rmse())
