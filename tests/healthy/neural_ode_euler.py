"""Neural ODE: the vector field of a damped pendulum, learned through forty unrolled Euler steps."""
import torch
import torch.nn as nn

torch.manual_seed(66)
DT, STEPS = 0.05, 40


def pendulum(state):
    angle, speed = state.unbind(-1)
    return torch.stack([speed, -2.0 * torch.sin(angle) - 0.3 * speed], -1)


def euler(field, state, steps=STEPS, dt=DT):
    path = [state]
    for _ in range(steps):
        state = state + dt * field(state)
        path.append(state)
    return torch.stack(path)               # (time, batch, 2)


def rollouts(n):
    start = torch.randn(n, 2)
    fine = euler(pendulum, start, steps=STEPS * 10, dt=DT / 10)
    return fine[::10]


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, std=0.3)
                nn.init.constant_(m.bias, 0)

    def forward(self, state):
        return self.net(state)


field = Field()
optimizer = torch.optim.RMSprop(field.parameters(), lr=3e-3)
archive = rollouts(300)
test = rollouts(100)
for itr in range(251):
    pick = torch.randint(0, archive.shape[1], (24,))
    truth = archive[:, pick]
    loss = (euler(field, truth[0]) - truth).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if itr % 50 == 0:
        with torch.no_grad():
            off = (euler(field, test[0]) - test).abs().mean().item()
        print(f"Iter {itr:04d} | loss {loss.item():.4f} | unseen pendulums {off:.4f}")
