import math

import torch
import torch.nn.functional as F

torch.manual_seed(13)


def init(sizes=(1, 40, 40, 1)):
    ps = []
    for i, o in zip(sizes[:-1], sizes[1:]):
        ps += [torch.randn(o, i) * math.sqrt(2 / i), torch.zeros(o)]
    return [p.requires_grad_() for p in ps]


def f(ps, x):
    for k in range(0, len(ps) - 2, 2):
        x = torch.relu(F.linear(x, ps[k], ps[k + 1]))
    return F.linear(x, ps[-2], ps[-1])


def task():
    amp, ph = 0.5 + 2 * torch.rand(1), math.pi * torch.rand(1)

    def draw(n):
        x = torch.rand(n, 1) * 6 - 3
        return x, amp * torch.sin(x + ph)
    return draw


def adapt(ps, x, y, lr=0.02, steps=1, create_graph=True):
    for _ in range(steps):
        grads = torch.autograd.grad(F.mse_loss(f(ps, x), y), ps, create_graph=create_graph)
        ps = [p - lr * g for p, g in zip(ps, grads)]
    return ps


def evaluate(theta, tasks=40):
    before = after = 0.0
    for _ in range(tasks):
        draw = task()
        sx, sy = draw(10)
        qx, qy = draw(50)
        fast = adapt(theta, sx, sy, steps=5, create_graph=False)
        with torch.no_grad():
            before += F.mse_loss(f(theta, qx), qy).item()
            after += F.mse_loss(f(fast, qx), qy).item()
    return before / tasks, after / tasks


theta = init()
outer = torch.optim.Adam(theta, lr=2e-3)
for it in range(801):
    outer.zero_grad()
    total = 0.0
    for _ in range(5):
        draw = task()
        fast = adapt(theta, *draw(10))
        x, y = draw(20)
        loss = F.mse_loss(f(fast, x), y) / 5
        loss.backward()
        total += loss.item()
    outer.step()
    if it % 100 == 0:
        b, a = evaluate(theta)
        print(f"meta-iter {it} query loss {total:.4f}  eval before adaptation {b:.3f} after {a:.3f}")
