# MAML on sine waves with torch.func: functional_call + grad + vmap over tasks
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
params = {k: v.detach().clone().requires_grad_() for k, v in net.named_parameters()}
INNER = 0.02


def mse(p, x, y):
    return ((functional_call(net, p, (x,)) - y) ** 2).mean()


def adapt(p, xs, ys, n=1):
    for _ in range(n):
        g = grad(mse)(p, xs, ys)
        p = {k: p[k] - INNER * g[k] for k in p}
    return p


def task_loss(p, xs, ys, xq, yq):
    return mse(adapt(p, xs, ys), xq, yq)


def tasks(n, k=10):
    a, ph = 0.5 + 2 * torch.rand(n, 1, 1), 3.1416 * torch.rand(n, 1, 1)
    x = 10 * torch.rand(n, 2 * k, 1) - 5
    y = a * torch.sin(x + ph)
    return x[:, :k], y[:, :k], x[:, k:], y[:, k:]


meta_opt = torch.optim.Adam(params.values(), lr=3e-3)
for it in range(500):
    losses = vmap(task_loss, in_dims=(None, 0, 0, 0, 0))(params, *tasks(25))
    meta = losses.mean()
    meta_opt.zero_grad()
    meta.backward()
    meta_opt.step()
    if it % 100 == 0:
        print("meta-iteration", it, "post-adaptation loss", round(meta.item(), 3))

xs, ys, xq, yq = tasks(300)
p = {k: v.detach() for k, v in params.items()}
after = vmap(lambda a, b, c, d: mse(adapt(p, a, b, 5), c, d))(xs, ys, xq, yq).mean().item()
before = vmap(lambda c, d: mse(p, c, d))(xq, yq).mean().item()
print(f"new tasks: query mse {before:.3f} before and {after:.3f} after five inner steps; variance of the targets {yq.var().item():.3f}")
