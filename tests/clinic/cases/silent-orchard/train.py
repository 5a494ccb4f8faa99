import pathlib
import numpy as np
import torch

D = pathlib.Path(__file__).parent / "data"

pts = np.load(D / "points.npz")
X, Y = torch.from_numpy(pts["x"]), torch.from_numpy(pts["y"])[:, None]
Xtr, Ytr, Xva, Yva = X[:1300], Y[:1300], X[1300:], Y[1300:]

w = {k: torch.from_numpy(v).requires_grad_() for k, v in np.load(D / "start.npz").items()}


def f(x):
    h = torch.tanh(x @ w["w1"] + w["b1"])
    h = torch.tanh(h @ w["w2"] + w["b2"])
    return h @ w["w3"] + w["b3"]


def mse(p, t):
    return ((p - t) ** 2).mean()


names = sorted(w)
m = {k: torch.zeros_like(w[k]) for k in names}
v = {k: torch.zeros_like(w[k]) for k in names}
g = torch.Generator().manual_seed(2)
lr, b1, b2 = 4e-3, 0.9, 0.99

for t in range(1, 1201):
    i = torch.randint(0, len(Xtr), (64,), generator=g)
    loss = mse(f(Xtr[i]), Ytr[i])
    grads = torch.autograd.grad(loss, [w[k] for k in names])
    with torch.no_grad():
        for k, gr in zip(names, grads):
            m[k].mul_(b1).add_(gr, alpha=1 - b1)
            v[k].mul_(b2).addcmul_(gr, gr, value=1 - b2)
            mh = m[k] / (1 - b1 ** t)
            vh = v[k] / (1 - b2 ** t)
            w[k] -= lr * mh / (vh.sqrt() + 1e-8)
    if t % 150 == 0 or t == 1:
        with torch.no_grad():
            va = mse(f(Xva), Yva).item()
        print(f"{t:5d}  train {loss.item():.4f}  val {va:.4f}  val r2 {1 - va / Yva.var().item():.3f}")
