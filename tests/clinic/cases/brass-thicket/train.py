import numpy as np
import torch

rng = np.random.default_rng(8)
torch.manual_seed(8)

N = 1600
X = rng.uniform(-1, 1, size=(N, 6)).astype(np.float32)
Y = (np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] * 2 - X[:, 3] ** 2 + 0.05 * rng.normal(size=N)).astype(np.float32)
Y = (Y - Y.mean()) / Y.std()
X_tr, Y_tr, X_va, Y_va = X[:1300], Y[:1300], X[1300:], Y[1300:]

W1 = (torch.randn(6, 64) / 6 ** 0.5).requires_grad_()
b1 = torch.zeros(64, requires_grad=True)
W2 = (torch.randn(64, 32) / 8.0).requires_grad_()
b2 = torch.zeros(32, requires_grad=True)
W3 = (torch.randn(32, 1) / 32 ** 0.5).requires_grad_()
b3 = torch.zeros(1, requires_grad=True)
params = [W1, b1, W2, b2, W3, b3]


def predict(x):
    h = torch.tanh(x @ W1 + b1)
    h = torch.tanh(h @ W2 + b2)
    return h @ W3 + b3


def log_cosh(a, b):
    d = a - b
    return (d + torch.nn.functional.softplus(-2 * d) - np.log(2.0)).mean()


optimizer = torch.optim.RMSprop(params, lr=2e-3)
B = 50
for epoch in range(40):
    order = rng.permutation(len(X_tr))
    losses = []
    for i in range(0, len(order), B):
        rows = order[i:i + B]
        xb = torch.from_numpy(X_tr[rows])
        yb = torch.from_numpy(Y_tr[rows])
        loss = log_cosh(predict(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 5 == 0 or epoch == 39:
        with torch.no_grad():
            p = predict(torch.from_numpy(X_va)).numpy().ravel()
        r2 = 1 - ((p - Y_va) ** 2).mean() / Y_va.var()
        print(f"epoch {epoch:3d}  loss {np.mean(losses):.4f}  val R2 {r2:.3f}")
