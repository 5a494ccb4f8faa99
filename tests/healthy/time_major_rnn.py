"""A leaky integrator learned by an Elman network. Sequences run along the first axis, as nn.RNN wants them."""
import torch
from torch import nn

torch.manual_seed(3)

STEPS, BATCH, CHANNELS, HIDDEN = 24, 32, 3, 32


def draw(batch):
    drive = torch.randn(STEPS, batch, CHANNELS)
    level = torch.zeros(batch)
    levels = []
    for t in range(STEPS):
        level = 0.7 * level + 0.6 * drive[t, :, 0] - 0.4 * torch.tanh(drive[t, :, 1])
        levels.append(level)
    return drive, torch.stack(levels)          # (time, batch, channel), (time, batch)


class Integrator(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(CHANNELS, HIDDEN)
        self.read = nn.Linear(HIDDEN, 1)

    def forward(self, drive):
        states, _ = self.rnn(drive)
        return self.read(states).squeeze(-1)


net = Integrator()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
criterion = nn.MSELoss()

for step in range(300):
    drive, level = draw(BATCH)
    opt.zero_grad()
    loss = criterion(net(drive), level)
    loss.backward()
    opt.step()
    if step % 50 == 0 or step == 299:
        print(f"step {step:4d}   mse {loss.item():.4f}   (variance of the level {level.var().item():.3f})")
