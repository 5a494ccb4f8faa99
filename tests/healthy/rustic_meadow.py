"""Sluice controller: the required gate position depends on the last operating order, however long ago it came."""
import numpy as np
import torch
from torch import nn

LANES, WINDOW, STEPS = 32, 16, 800
ORDERS = 4


class LogStream:
    """Endless logs of LANES sluices. read(n) returns the next n ticks of each of them."""

    def __init__(self, lanes, seed):
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.integers(0, ORDERS, lanes)
        self.lanes = lanes
        self.fresh = True

    def read(self, n):
        r = self.rng
        xs = np.zeros((self.lanes, n, ORDERS + 2), dtype=np.float32)
        ys = np.zeros((self.lanes, n), dtype=np.int64)
        for t in range(n):
            new = r.random(self.lanes) < 0.025
            if self.fresh:
                new[:] = True
                self.fresh = False
            self.order = np.where(new, r.integers(0, ORDERS, self.lanes), self.order)
            xs[np.nonzero(new)[0], t, self.order[new]] = 1.0
            level = r.normal(0, 1, (self.lanes, 2)).astype(np.float32)
            xs[:, t, ORDERS:] = level
            a, b = level[:, 0], level[:, 1]
            ys[:, t] = np.choose(self.order, [a > 0, b > 0, a + b > 0, a - b > 0])
        return torch.from_numpy(xs), torch.from_numpy(ys)


class Controller(nn.Module):
    def __init__(self, n_in, hidden=48):
        super().__init__()
        self.cell = nn.GRU(n_in, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden + 2, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x, memory=None):
        out, memory = self.cell(x, memory)
        return self.head(torch.cat([out, x[..., -2:]], dim=-1)), memory


def follow(model, seed, windows=40):
    """Accuracy on an unseen log, read window after window."""
    stream, memory, hits, total = LogStream(64, seed), None, 0, 0
    with torch.inference_mode():
        for _ in range(windows):
            x, y = stream.read(WINDOW)
            out, memory = model(x, memory)
            hits += (out.argmax(-1) == y).sum().item()
            total += y.numel()
    return hits / total


if __name__ == "__main__":
    torch.manual_seed(8)
    model = Controller(ORDERS + 2)
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(opt, STEPS, eta_min=4e-4)
    stream = LogStream(LANES, seed=1)
    memory, running = None, []
    for step in range(1, STEPS + 1):
        x, y = stream.read(WINDOW)
        if memory is not None:
            memory = memory.detach()
        out, memory = model(x, memory)
        loss = nn.functional.cross_entropy(out.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        decay.step()
        running.append(loss.item())
        if step % 100 == 0:
            print(f"{step} loss {np.mean(running[-100:]):.4f} unseen log {follow(model, 77):.4f}")
