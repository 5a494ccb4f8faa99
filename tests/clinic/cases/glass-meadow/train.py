# Driven RC circuit  u'(t) = -a u + b cos(w t),  u(0) = u0, solved with a small network.
# Loss = residual of the equation on collocation points + initial value.
import torch
from torch import nn

torch.manual_seed(1234)
torch.set_default_dtype(torch.float32)

a, b, w, u0, T = 1.0, 3.0, 3.0, 1.5, 4.0


def exact(t):
    c = b / (a * a + w * w)
    return c * (a * torch.cos(w * t) + w * torch.sin(w * t)) + (u0 - c * a) * torch.exp(-a * t)


class PINN(nn.Module):
    def __init__(self, layers=(1, 32, 32, 32, 1)):
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(m, n) for m, n in zip(layers[:-1], layers[1:])])
        for l in self.linears:
            nn.init.xavier_normal_(l.weight)
            nn.init.zeros_(l.bias)

    def forward(self, t):
        z = 2 * t / T - 1
        for l in self.linears[:-1]:
            z = torch.tanh(l(z))
        return self.linears[-1](z)


def derivative(u, t):
    return torch.autograd.grad(u, t, grad_outputs=torch.ones_like(u), retain_graph=True)[0]


def ode_residual(model, t):
    t.requires_grad_(True)
    u = model(t)
    u_t = derivative(u, t)
    return u_t + a * u - b * torch.cos(w * t)


model = PINN()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
t0 = torch.zeros(1, 1)
t_test = torch.linspace(0, T, 201).unsqueeze(1)
u_test = exact(t_test)

n_iter = 4000
for it in range(1, n_iter + 1):
    t_col = torch.rand(128, 1) * T
    res = ode_residual(model, t_col)
    loss_f = mse(res, torch.zeros_like(res))
    loss_0 = mse(model(t0), torch.full((1, 1), u0))
    loss = loss_f + 10.0 * loss_0

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    if it % 500 == 0:
        with torch.no_grad():
            rel = (model(t_test) - u_test).norm() / u_test.norm()
        print("iter %5d  loss_f %.3e  loss_0 %.3e  rel. L2 error %.4f" % (it, loss_f.item(), loss_0.item(), rel.item()))
