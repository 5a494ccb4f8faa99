import math
import torch
import torch.nn as nn

torch.manual_seed(4)
H = 12


def series(n, length=60):
    t = torch.arange(length).float()
    p = 2 * math.pi * torch.rand(n, 2, 1)
    a = 0.6 + 0.8 * torch.rand(n, 2, 1)
    clean = a[:, 0] * torch.sin(2 * math.pi * t / 20 + p[:, 0]) + a[:, 1] * torch.sin(2 * math.pi * t / 9 + p[:, 1])
    return (clean + 0.1 * torch.randn_like(clean)).unsqueeze(-1)


class Ahead(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.rnn = nn.GRU(1, h, batch_first=True)
        self.head = nn.Linear(h, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


test = series(300)
model = Ahead()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.99)
for step in range(241):
    s = series(64)
    past, future = s[:, :-H], s[:, H:]
    loss = (model(past)[:, 15:] - future[:, 15:]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 40 == 0:
        with torch.no_grad():
            e = (model(test[:, :-H])[:, 30:] - test[:, H + 30:]).pow(2).mean()
        print(f"step {step} loss {loss.item():.4f} share of variance left {(e / test.var()).item():.4f}")
