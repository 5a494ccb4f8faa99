import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

# Discrete codes for heart-beat shapes: every beat becomes four symbols out of 32.


class Codebook(nn.Module):
    def __init__(self, size, dim, decay=0.95):
        super().__init__()
        self.decay = decay
        self.register_buffer("words", torch.randn(size, dim))
        self.register_buffer("count", torch.ones(size))
        self.register_buffer("total", self.words.clone())

    def forward(self, z):
        flat = z.detach().reshape(-1, z.size(-1))
        idx = torch.cdist(flat, self.words).argmin(1)
        if self.training:
            with torch.no_grad():
                hot = F.one_hot(idx, len(self.words)).float()
                self.count.mul_(self.decay).add_(hot.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(hot.t() @ flat, alpha=1 - self.decay)
                self.words.copy_(self.total / self.count.clamp(min=1e-3).unsqueeze(1))
                idle = self.count < 0.05
                if idle.any():
                    picks = torch.randint(0, len(flat), (int(idle.sum()),))
                    self.words[idle] = flat[picks]
                    self.total[idle] = flat[picks]
                    self.count[idle] = 1.0
        q = self.words[idx].view_as(z)
        commit = F.mse_loss(z, q.detach())
        return z + (q - z).detach(), commit, idx.view(z.shape[:-1])


class BeatCoder(nn.Module):
    def __init__(self, length=64, parts=4, dim=8, words=32):
        super().__init__()
        self.parts, self.dim = parts, dim
        self.encoder = nn.Sequential(nn.Linear(length, 96), nn.ReLU(), nn.Linear(96, parts * dim))
        self.book = Codebook(words, dim)
        self.decoder = nn.Sequential(nn.Linear(parts * dim, 96), nn.ReLU(), nn.Linear(96, length))

    def forward(self, x):
        z = self.encoder(x).view(-1, self.parts, self.dim)
        q, commit, codes = self.book(z)
        return self.decoder(q.flatten(1)), commit, codes


def beats(n, seed):
    rng = np.random.RandomState(seed)
    t = np.linspace(-1, 1, 64)

    def wave(c, w, a):
        return a[:, None] * np.exp(-((t[None] - c[:, None]) / w[:, None]) ** 2)

    p = wave(rng.uniform(-.65, -.45, n), rng.uniform(.06, .12, n), rng.uniform(.1, .4, n))
    r = wave(rng.uniform(-.05, .05, n), rng.uniform(.03, .07, n), rng.uniform(.8, 2, n))
    s = wave(rng.uniform(.08, .16, n), rng.uniform(.03, .06, n), -rng.uniform(.1, .7, n))
    q = wave(rng.uniform(.4, .7, n), rng.uniform(.1, .2, n), rng.choice([-1, 1], n) * rng.uniform(.2, .6, n))
    x = p + r + s + q + 0.03 * rng.randn(n, 64)
    return torch.tensor(x, dtype=torch.float32)


torch.manual_seed(4)
x_train, x_test = beats(3000, 40), beats(500, 41)
centre = x_train.mean(0)
x_train, x_test = x_train - centre, x_test - centre
baseline = x_test.pow(2).mean().item()

net = BeatCoder()
optim = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-3)
loader = DataLoader(TensorDataset(x_train), batch_size=64, shuffle=True)

print(f"variance to explain {baseline:.4f}")
for epoch in range(20):
    net.train()
    seen = 0.0
    for (x,) in loader:
        out, commit, _ = net(x)
        loss = F.mse_loss(out, x) + 0.25 * commit
        optim.zero_grad()
        loss.backward()
        optim.step()
        seen += loss.item()
    net.eval()
    with torch.no_grad():
        out, commit, codes = net(x_test)
        err = F.mse_loss(out, x_test).item()
    print(f"epoch {epoch:2d}  objective {seen / len(loader):.4f}  commit {commit:.4f}  "
          f"test mse {err:.4f} (explained {1 - err / baseline:.3f})  words in use {codes.unique().numel()}")
