"""Continuous-time model of pendulum trajectories (hand-written RK4 through the latent dynamics)."""
import torch
import torch.nn as nn


def rk4(f, y, t0, t1, steps):
    h = (t1 - t0) / steps
    path = [y]
    for k in range(steps):
        k1 = f(y)
        k2 = f(y + 0.5 * h * k1)
        k3 = f(y + 0.5 * h * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        path.append(y)
    return torch.stack(path)


def pendulums(n, seed):
    """Start angle and velocity plus drive; ask for the state at eight later moments."""
    g = torch.Generator().manual_seed(seed)
    y0 = torch.rand(n, 2, generator=g) * torch.tensor([3.0, 3.0]) - 1.5
    field = lambda y: torch.stack([y[:, 1], -2.0 * torch.sin(y[:, 0]) - 0.15 * y[:, 1]], 1)
    path = rk4(field, y0, 0.0, 4.0, 80)[10::10]
    return y0, path.transpose(0, 1) + 0.02 * torch.randn(n, 8, 2, generator=g)


class Field(nn.Module):
    def __init__(self, d, width):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, d))

    def forward(self, z):
        return self.net(z)


class LatentODE(nn.Module):
    def __init__(self, d=4, width=48):
        super().__init__()
        self.lift = nn.Linear(2, d)
        self.field = Field(d, width)
        self.read = nn.Linear(d, 2)

    def trajectory(self, z0):
        states = []
        z = z0
        for _ in range(8):
            z = rk4(self.field, z, 0.0, 0.5, 2)[-1]
            states.append(z.data)
        return torch.stack(states, 1)

    def forward(self, y0):
        return self.read(self.trajectory(self.lift(y0)))


def r2(pred, true):
    return 1 - ((pred - true).pow(2).mean() / true.var()).item()


def run():
    torch.manual_seed(13)
    x, y = pendulums(1500, 1)
    xv, yv = pendulums(400, 2)
    model = LatentODE()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.4)
    for epoch in range(1, 26):
        total = 0.0
        for idx in torch.randperm(len(x)).split(64):
            loss = (model(x[idx]) - y[idx]).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx) / len(x)
        schedule.step()
        if epoch % 3 == 1:
            with torch.no_grad():
                p = model(xv)
            print(f"epoch {epoch:2d}  mse {total:.4f}  valid R2 {r2(p, yv):.3f}  last moment R2 {r2(p[:, -1], yv[:, -1]):.3f}")


if __name__ == "__main__":
    run()
