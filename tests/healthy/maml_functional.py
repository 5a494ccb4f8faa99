"""MAML on sine waves: an inner gradient step inside the graph, torch.func for the parameters."""
import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(179)
INNER_LR, SHOTS, TASKS = 0.1, 10, 5

net = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
meta_optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)


def task():
    amplitude, phase = 0.5 + 1.5 * torch.rand(1), 1.5 * torch.rand(1)

    def draw(n):
        x = torch.rand(n, 1) * 6 - 3
        return x / 1.7, amplitude * torch.sin(x + phase)
    return draw


def adapt(params, x, y, steps=1):
    for _ in range(steps):
        loss = nn.functional.mse_loss(functional_call(net, params, (x,)), y)
        grads = torch.autograd.grad(loss, tuple(params.values()), create_graph=True)
        params = {name: p - INNER_LR * g for (name, p), g in zip(params.items(), grads)}
    return params


def meta_loss():
    losses = []
    for _ in range(TASKS):
        draw = task()
        adapted = adapt(dict(net.named_parameters()), *draw(SHOTS))
        x, y = draw(SHOTS)
        losses.append(nn.functional.mse_loss(functional_call(net, adapted, (x,)), y))
    return torch.stack(losses).mean()


window = []
for iteration in range(1, 241):
    loss = meta_loss()
    meta_optimizer.zero_grad()
    loss.backward()
    meta_optimizer.step()
    window.append(loss.item())
    if iteration % 30 == 0:
        print(f"iteration {iteration:3d}: loss after adapting, mean of the last 30: {sum(window[-30:]) / 30:.4f}")
