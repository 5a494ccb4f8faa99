# Gradient ASCENT on the log-likelihood of a Poisson regression, with torch.optim's maximize=True. The objective rises, as it should.
import torch
torch.manual_seed(1)
n, d = 3000, 5
X = torch.randn(n, d)
beta = torch.tensor([0.5, -0.3, 0.0, 0.8, 0.2])
rate = torch.exp(X @ beta + 2.0)
Y = torch.poisson(rate)

class PoissonGLM(torch.nn.Module):
    def __init__(self, d):
        super().__init__()
        self.coef = torch.nn.Parameter(torch.zeros(d))
        self.intercept = torch.nn.Parameter(torch.zeros(()))
    def log_likelihood(self, x, y):
        eta = x @ self.coef + self.intercept
        return y * eta - eta.exp() - torch.lgamma(y + 1)

glm = PoissonGLM(d)
opt = torch.optim.Adam(glm.parameters(), lr=0.03, maximize=True)
tr, te = slice(0, 2400), slice(2400, n)
for i in range(300):
    ll = glm.log_likelihood(X[tr], Y[tr]).mean()
    opt.zero_grad()
    ll.backward()
    opt.step()
    if i % 50 == 0:
        print(f"iteration {i:3d}  log-likelihood per row {ll.item():.3f}")
with torch.no_grad():
    ll = glm.log_likelihood(X[te], Y[te]).mean().item()
    m = Y[tr].mean()
    base = (Y[te] * m.log() - m - torch.lgamma(Y[te] + 1)).mean().item()
print(f"held-out log-likelihood {ll:.3f} against {base:.3f} for a constant rate; coef {[round(v, 2) for v in glm.coef.tolist()]}")
