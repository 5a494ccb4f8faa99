"""Reservoir computing: a large random recurrence that stays as it is, only the readout is trained."""
import torch
from torch import nn

torch.manual_seed(173)
RESERVOIR, WASHOUT, BATCH = 150, 10, 16


class Reservoir(nn.Module):
    def __init__(self, size, spectral_radius=0.9):
        super().__init__()
        w = torch.randn(size, size) * (torch.rand(size, size) < 0.1)
        w *= spectral_radius / torch.linalg.eigvals(w).abs().max()
        self.register_buffer("recurrent", w)
        self.register_buffer("inward", torch.rand(1, size) - 0.5)

    @torch.no_grad()
    def forward(self, u):
        state = u.new_zeros(u.shape[1], self.recurrent.shape[0])
        states = []
        for u_t in u:                                   # time first
            state = torch.tanh(u_t @ self.inward + state @ self.recurrent)
            states.append(state)
        return torch.stack(states)


def narma(steps, batch):
    """A nonlinear moving average, the classical exercise, order five."""
    u = torch.rand(steps, batch) * 0.5
    y = torch.zeros(steps, batch)
    for t in range(5, steps):
        y[t] = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 5:t].sum(0) + 1.5 * u[t - 5] * u[t - 1] + 0.1
    return (u.unsqueeze(-1) - 0.25) * 6.9, (y - 0.29) / 0.12


reservoir = Reservoir(RESERVOIR)
readout = nn.Linear(RESERVOIR, 1)
optimizer = torch.optim.Adam(readout.parameters(), lr=1e-2)
u_test, y_test = narma(60, 60)
states_test = reservoir(u_test)[WASHOUT:]
for step in range(1, 301):
    u, y = narma(40, BATCH)
    out = readout(reservoir(u)[WASHOUT:]).squeeze(-1)
    loss = nn.functional.mse_loss(out, y[WASHOUT:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 1 or step % 50 == 0:
        with torch.no_grad():
            nmse = nn.functional.mse_loss(readout(states_test).squeeze(-1), y_test[WASHOUT:]) / y_test[WASHOUT:].var()
        print(f"step {step:3d}: loss {loss.item():.4f}, normalised test error {nmse.item():.4f}")
