# Long signal cut into pieces; the LSTM's state is carried from piece to piece and detached (truncated BPTT).
# Tensors are (time, batch, feature), no shuffling: the order of the pieces is the point.
import math
import torch
import torch.nn as nn

torch.manual_seed(12)
B, T_TOTAL, CHUNK = 32, 4000, 25


def make(batch, total):
    """output follows a hidden leaky integrator switched by rare pulses"""
    u = torch.zeros(total, batch, 2)
    u[..., 0] = torch.randn(total, batch) * 0.5
    u[..., 1] = (torch.rand(total, batch) < 0.06).float() * torch.randn(total, batch).sign()
    mode = torch.ones(batch); s = torch.zeros(batch); ys = []
    for t in range(total):
        p = u[t, :, 1]
        mode = torch.where(p != 0, p, mode)
        s = 0.8 * s + 0.2 * u[t, :, 0] * 2
        ys.append(mode * 0.6 + s)
    return u, torch.stack(ys)[..., None]


class Tracker(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden)
        self.read = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        h, state = self.lstm(x, state)
        return self.read(h), state


u, y = make(B, T_TOTAL)
uv, yv = make(B, 500)
net = Tracker()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(3):
    state = None
    for t in range(0, T_TOTAL, CHUNK):
        pred, state = net(u[t:t + CHUNK], state)
        state = tuple(s.detach() for s in state)
        loss = (pred - y[t:t + CHUNK]).square().mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    with torch.no_grad():
        pv, _ = net(uv)
        r2 = 1 - (pv - yv).square().mean() / yv.var()
    print(f"pass {epoch} last chunk {loss.item():.4f} validation R2 {r2.item():.3f}")
