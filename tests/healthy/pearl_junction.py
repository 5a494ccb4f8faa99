import numpy as np
import torch

torch.manual_seed(0)
rng = np.random.default_rng(0)

n, d, k = 1200, 10, 4
means = rng.normal(size=(k, d)) * 1.3
lab = rng.integers(0, k, n)
pts = (means[lab] + rng.normal(size=(n, d))).astype("float32")
pts = (pts - pts.mean(0)) / pts.std(0)
cols = torch.from_numpy(pts.T.copy())
want = torch.from_numpy(lab)

U = (torch.randn(32, d) * (2 / d) ** 0.5).requires_grad_()
c = torch.zeros(32, 1, requires_grad=True)
V = (torch.randn(k, 32) * (1 / 32) ** 0.5).requires_grad_()
e = torch.zeros(k, 1, requires_grad=True)
weights = [U, c, V, e]


def forward(x):
    return torch.softmax(V @ torch.relu(U @ x + c) + e, dim=0)


tr, va = torch.arange(0, 1000), torch.arange(1000, n)
rate, keep, width = 4e-5, 0.9, 100
for it in range(400):
    pick = tr[torch.randint(0, len(tr), (width,))]
    p = forward(cols[:, pick])
    loss = -p[want[pick], torch.arange(width)].log().sum()
    loss.backward()
    with torch.no_grad():
        for w in weights:
            w -= rate * 5 * w.grad
            w.grad.mul_(keep)
    if it % 50 == 0 or it == 399:
        with torch.no_grad():
            acc = (forward(cols[:, va]).argmax(0) == want[va]).float().mean()
        print("it %3d  total nll %.2f  held-out accuracy %.3f" % (it, loss.item(), acc.item()))
