import numpy as np
import torch

rng = np.random.default_rng(41)
W = rng.normal(size=(16, 3))


def get(n):
    x = rng.normal(size=(n, 16)).astype(np.float32)
    u = x @ W / 4
    y = np.tanh(u[:, 0]) * u[:, 1] + np.sin(2 * u[:, 2]) + 0.1 * rng.normal(size=n)
    return torch.from_numpy(x), torch.from_numpy(y.astype(np.float32)).unsqueeze(1)


torch.manual_seed(0)
mlp = torch.nn.Sequential(torch.nn.Linear(16, 128), torch.nn.SiLU(), torch.nn.Linear(128, 128), torch.nn.SiLU(), torch.nn.Linear(128, 1))
weights = list(mlp.parameters())
sgd = torch.optim.SGD(weights, lr=0.05)
tx, ty = get(1000)
X, Y = get(6000)


def fade(ps, keep):
    for p in ps:
        if p.grad is not None:
            p.grad.mul_(keep)


i = 0
for lap in range(9):
    order = rng.permutation(6000)
    for part in np.array_split(order, 60):
        if i % 90 == 0:
            with torch.no_grad():
                print(f"it {i} test r2 {(1 - (mlp(tx) - ty).square().mean() / ty.var()).item():.3f}")
        fade(weights, 0.8)
        loss = (mlp(X[part]) - Y[part]).square().mean()
        loss.backward()
        sgd.step()
        i += 1
    if lap % 3 == 2:
        print(f"lap {lap} loss {loss.item():.4f}")
with torch.no_grad():
    print(f"it {i} test r2 {(1 - (mlp(tx) - ty).square().mean() / ty.var()).item():.3f}")
