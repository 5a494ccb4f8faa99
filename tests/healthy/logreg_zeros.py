import numpy as np
import torch

# Logistic regression from the zero vector, whole data set at every step, plain gradient descent in float64.
rng = np.random.default_rng(0)
N, D = 4000, 30
X = rng.normal(size=(N, D))
w_true = rng.normal(size=D) * (rng.random(D) < 0.4)
p = 1 / (1 + np.exp(-(X @ w_true - 0.7)))
y = (rng.random(N) < p).astype(np.float64)
Xtr, Xte = torch.from_numpy(X[:3000]), torch.from_numpy(X[3000:])
ytr, yte = torch.from_numpy(y[:3000]), torch.from_numpy(y[3000:])

w = torch.zeros(D, dtype=torch.float64, requires_grad=True)
b = torch.zeros((), dtype=torch.float64, requires_grad=True)
lr, lam = 1.0, 1e-3

for step in range(600):
    z = Xtr @ w + b
    nll = (torch.nn.functional.softplus(z) - ytr * z).mean() + lam * w.square().sum()
    gw, gb = torch.autograd.grad(nll, [w, b])
    with torch.no_grad():
        w -= lr * gw
        b -= lr * gb
    if step % 100 == 0:
        print(step, float(nll), "|g|", float(gw.norm()))

with torch.no_grad():
    acc = (((Xte @ w + b) > 0).double() == yte).double().mean().item()
maj = max(yte.mean().item(), 1 - yte.mean().item())
print(f"test accuracy {acc:.3f}, majority {maj:.3f}")
