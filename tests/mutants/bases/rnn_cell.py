"""Water level of a reservoir behind a valve, followed by a recurrent cell written by hand."""

import torch

HIDDEN, LEARNING_RATE, STEPS = 32, 5e-3, 320


def draw(n, hours=18):
    flow = torch.randn(n, hours, 3)
    level, levels = torch.zeros(n), []
    for t in range(hours):
        level = 0.75 * level + 0.6 * flow[:, t, 0] - 0.5 * torch.tanh(2 * flow[:, t, 1])
        levels.append(level)
    return flow, torch.stack(levels, 1)


class Cell(torch.nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.w_in = torch.nn.Parameter(torch.randn(inputs, hidden) / inputs**0.5)
        self.w_rec = torch.nn.Parameter(0.7 * torch.randn(hidden, hidden) / hidden**0.5)
        self.bias = torch.nn.Parameter(torch.zeros(hidden))

    def forward(self, x, h):
        return torch.tanh(x @ self.w_in + h @ self.w_rec + self.bias)


class Level(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = Cell(3, HIDDEN)
        self.read = torch.nn.Linear(HIDDEN, 1)

    def forward(self, flow):
        h = torch.zeros(flow.size(0), HIDDEN)
        out = []
        for t in range(flow.size(1)):
            h = self.cell(flow[:, t], h)
            out.append(self.read(h))
        return torch.cat(out, 1)


torch.manual_seed(83)
flows, levels = draw(1500)
test_flows, test_levels = draw(300)
net = Level()
opt = torch.optim.RMSprop(net.parameters(), lr=LEARNING_RATE)
for step in range(STEPS):
    pick = torch.randint(len(flows), (24,))
    inputs, wanted = flows[pick], levels[pick]
    guess = net(inputs)
    loss = ((guess - wanted) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    opt.step()
    if (step + 1) % 80 == 0:
        print(f"{step + 1:4d} steps: mse {loss.item():.4f}")

with torch.no_grad():
    guess = net(test_flows)
print(f"held-out R2 {1 - (guess - test_levels).pow(2).mean() / test_levels.var():.4f}")
