"""Gaussian process: fit lengthscale, amplitude and noise by the log marginal likelihood (float64, Cholesky)."""
import math
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


class GP:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.raw = {n: torch.tensor(v, requires_grad=True) for n, v in dict(ell=math.log(2.0), amp=0.0, noise=math.log(0.5)).items()}

    def kernel(self, a, b):
        d2 = (a[:, None] - b[None]).square().sum(-1)
        return (2 * self.raw["amp"]).exp() * torch.exp(-0.5 * d2 / (2 * self.raw["ell"]).exp())

    def chol(self):
        return torch.linalg.cholesky(self.kernel(self.x, self.x) + ((2 * self.raw["noise"]).exp() + 1e-8) * torch.eye(len(self.x)))

    def nlml(self):
        L = self.chol()
        a = torch.cholesky_solve(self.y[:, None], L)
        return 0.5 * (self.y @ a[:, 0]) + L.diagonal().log().sum() + 0.5 * len(self.y) * math.log(2 * math.pi)

    def predict(self, xs):
        L = self.chol()
        return (self.kernel(xs, self.x) @ torch.cholesky_solve(self.y[:, None], L))[:, 0]


f = lambda x: torch.sin(3 * x[:, 0]) + 0.5 * torch.cos(2 * x[:, 1])
X = torch.rand(140, 2) * 4 - 2
Y = f(X) + 0.1 * torch.randn(140)
gp = GP(X[:100], Y[:100])
opt = torch.optim.Adam(gp.raw.values(), lr=0.05)
for i in range(200):
    opt.zero_grad()
    obj = gp.nlml()
    obj.backward()
    opt.step()
    if i % 40 == 0:
        print(i, f"-log p(y) = {obj.item():.2f}", {k: round(v.exp().item(), 3) for k, v in gp.raw.items()})
with torch.no_grad():
    e = (gp.predict(X[100:]) - Y[100:]).square().mean()
print(f"held-out R2 {1 - e.item() / Y[100:].var().item():.3f}, noise found {gp.raw['noise'].exp().item():.3f} (true 0.1), -log evidence {obj.item():.1f}")
