"""Federated averaging across ten clinics, each of which sees only one or two kinds of heartbeat."""
import copy
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(17)
KINDS, LENGTH, CLINICS, ROUNDS = 5, 96, 10, 22


def beats(kind, n):
    t = torch.linspace(-1, 1, LENGTH)
    jitter = 0.08 * torch.randn(n, 1)
    amp = 1 + 0.15 * torch.randn(n, 1)
    width = [0.05, 0.05, 0.13, 0.05, 0.09][kind]
    x = amp * torch.exp(-((t - jitter) / width) ** 2)
    if kind != 2:
        x = x + 0.25 * torch.exp(-((t - jitter + 0.45) / 0.09) ** 2) * (0.0 if kind == 1 else 1.0)
    t_amp = 0.35 if kind != 3 else -0.35
    x = x + t_amp * torch.exp(-((t - jitter - 0.5) / 0.14) ** 2)
    if kind == 4:
        x = x - 0.4 * torch.exp(-((t - jitter - 0.16) / 0.06) ** 2)
    drift = 0.15 * torch.sin(math.pi * t + 6.28 * torch.rand(n, 1))
    return (x + drift + 0.13 * torch.randn(n, LENGTH)).unsqueeze(1)


def make_clinic(kinds, per_kind=90):
    xs = torch.cat([beats(k, per_kind) for k in kinds])
    ys = torch.cat([torch.full((per_kind,), k) for k in kinds])
    return DataLoader(TensorDataset(xs, ys), batch_size=45, shuffle=True)


def build():
    return nn.Sequential(
        nn.Conv1d(1, 12, 7, stride=2, padding=3), nn.GroupNorm(3, 12), nn.ReLU(),
        nn.Conv1d(12, 24, 5, stride=2, padding=2), nn.GroupNorm(4, 24), nn.ReLU(),
        nn.Conv1d(24, 24, 5, stride=2, padding=2), nn.GroupNorm(4, 24), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * (LENGTH // 8), KINDS),
    )


def local_update(global_model, loader, lr):
    model = copy.deepcopy(global_model)
    model.train()
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    seen, total = 0, 0.0
    for x, y in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        seen += len(y)
        total += loss.item() * len(y)
    return model.state_dict(), seen, total / seen


def aggregate(states, sizes):
    whole = sum(sizes)
    return {k: sum(s[k] * (n / whole) for s, n in zip(states, sizes)) for k in states[0]}


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


clinics = [make_clinic([i % KINDS] if i < KINDS else [i % KINDS, (i + 1) % KINDS]) for i in range(CLINICS)]
test_x = torch.cat([beats(k, 120) for k in range(KINDS)])
test_y = torch.arange(KINDS).repeat_interleave(120)

server = build()
velocity = {k: torch.zeros_like(v) for k, v in server.state_dict().items()}
for rnd in range(1, ROUNDS + 1):
    results = [local_update(server, c, lr=0.05) for c in clinics]
    mean_state = aggregate([r[0] for r in results], [r[1] for r in results])
    state = server.state_dict()
    for k in state:
        velocity[k] = 0.7 * velocity[k] + (mean_state[k] - state[k])
        state[k] = state[k] + velocity[k]
    server.load_state_dict(state)
    local = sum(r[2] for r in results) / len(results)
    if rnd % 2 == 0 or rnd == 1:
        print(f"round {rnd:2d}  mean local loss {local:.3f}  test acc of the server {accuracy(server, test_x, test_y):.3f}")
