import torch
import torch.nn as nn


def pendulum_torque(n, g):
    """Inverse dynamics of a two-link arm: angles, speeds and accelerations -> the two joint torques."""
    q = (torch.rand(n, 2, generator=g) * 2 - 1) * 2.0
    dq = torch.randn(n, 2, generator=g)
    ddq = torch.randn(n, 2, generator=g)
    c2, s2 = torch.cos(q[:, 1]), torch.sin(q[:, 1])
    m11, m12 = 1.8 + 0.9 * c2, 0.45 + 0.45 * c2
    t1 = m11 * ddq[:, 0] + m12 * ddq[:, 1] - 0.45 * s2 * (2 * dq[:, 0] * dq[:, 1] + dq[:, 1] ** 2) \
        + 2.0 * torch.sin(q[:, 0]) + 0.8 * torch.sin(q[:, 0] + q[:, 1])
    t2 = m12 * ddq[:, 0] + 0.5 * ddq[:, 1] + 0.45 * s2 * dq[:, 0] ** 2 + 0.8 * torch.sin(q[:, 0] + q[:, 1])
    tau = torch.stack([t1, t2], 1)
    return torch.cat([q, dq, ddq], 1), tau / torch.tensor([2.9, 1.1]) + 0.02 * torch.randn(n, 2, generator=g)


class Features(nn.Module):
    def __init__(self, n_in, width, n_out):
        super().__init__()
        self.a = nn.Linear(n_in, width)
        self.b = nn.Linear(width, width)
        self.readout = nn.Parameter(torch.zeros(width + 1, n_out))

    def basis(self, x):
        h = torch.tanh(self.b(torch.tanh(self.a(x))))
        return torch.cat([h, torch.ones(len(x), 1)], dim=1)

    def forward(self, x):
        return self.basis(x) @ self.readout

    @torch.no_grad()
    def solve_readout(self, x, y, ridge):
        phi = self.basis(x)
        gram = phi.t() @ phi / len(x) + ridge * torch.eye(phi.shape[1])
        self.readout.copy_(torch.linalg.solve(gram, phi.t() @ y / len(x)))

    def feature_parameters(self):
        yield from self.a.parameters()
        yield from self.b.parameters()


def evaluate(model, x, y):
    with torch.no_grad():
        return (model(x) - y).square().mean().item()


def run(rounds=60, inner=10, batch=200, lr=2e-3, ridge=1e-4):
    torch.manual_seed(12)
    g = torch.Generator().manual_seed(12)
    x, y = pendulum_torque(3000, g)
    xv, yv = pendulum_torque(1500, g)
    model = Features(6, 56, 2)
    opt = torch.optim.Adam(model.feature_parameters(), lr=lr)
    for r in range(1, rounds + 1):
        # the readout has a closed form; the features below it move by gradient
        model.solve_readout(x, y, ridge)
        total = 0.0
        for _ in range(inner):
            idx = torch.randint(len(x), (batch,))
            loss = (model(x[idx]) - y[idx]).square().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() / inner
        if r % 6 == 0 or r == 1:
            print(f"round {r:3d}  train {total:.5f}  held out {evaluate(model, xv, yv):.5f}")
    model.solve_readout(x, y, ridge)
    print(f"final held-out mse {evaluate(model, xv, yv):.5f}  (variance of the torques {yv.var().item():.3f})")


run()
