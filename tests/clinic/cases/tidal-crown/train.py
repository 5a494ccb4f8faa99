import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# Signature verification on feature vectors extracted from pen strokes.
# Two branches with shared weights, contrastive loss (Hadsell et al.)

rng = np.random.default_rng(8)
torch.manual_seed(8)

N_WRITERS, PER_WRITER, N_POINTS = 24, 40, 20


def strokes(style, n):
    """x/y curve of a signature: a few harmonics per writer plus slant, size and jitter"""
    t = np.linspace(0, 1, N_POINTS)
    out = []
    for _ in range(n):
        s = style + rng.normal(0, 0.12, style.shape)
        scale = rng.uniform(0.85, 1.15)
        x = t * 2 - 1 + sum(s[0, k] * np.sin(2 * np.pi * (k + 1) * t + s[1, k]) for k in range(3))
        y = sum(s[2, k] * np.sin(2 * np.pi * (k + 1) * t + s[3, k]) for k in range(3))
        out.append(np.concatenate([x, y]) * scale + rng.normal(0, 0.05, 2 * N_POINTS))
    return np.array(out, dtype=np.float32)


styles = [np.stack([rng.normal(0, .4, 3), rng.uniform(-3, 3, 3), rng.normal(0, .6, 3), rng.uniform(-3, 3, 3)]) for _ in range(N_WRITERS)]
data = np.stack([strokes(s, PER_WRITER) for s in styles])
data = (data - data.mean((0, 1))) / data.std((0, 1))
train, test = torch.from_numpy(data[:, :30]), torch.from_numpy(data[:, 30:])


def sample_pairs(pool, n):
    """returns a, b, y   (y = 1 for a forged pair)"""
    w, k, _ = pool.shape
    y = torch.from_numpy(rng.integers(0, 2, n))
    w1 = torch.from_numpy(rng.integers(0, w, n))
    shift = torch.from_numpy(rng.integers(1, w, n))
    w2 = torch.where(y == 1, (w1 + shift) % w, w1)
    i1, i2 = torch.from_numpy(rng.integers(0, k, n)), torch.from_numpy(rng.integers(0, k, n))
    return pool[w1, i1], pool[w2, i2], y.float()


class SiameseNetwork(nn.Module):
    def __init__(self, n_in, hidden=64, depth=10, n_out=8):
        super().__init__()
        blocks = []
        for d in range(depth):
            blocks += [nn.Linear(n_in if d == 0 else hidden, hidden), nn.Sigmoid()]
        self.fc1 = nn.Sequential(*blocks)
        self.fc2 = nn.Linear(hidden, n_out)

    def forward_once(self, x):
        return self.fc2(self.fc1(x))

    def forward(self, a, b):
        return self.forward_once(a), self.forward_once(b)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, o1, o2, label):
        dist = F.pairwise_distance(o1, o2)
        return torch.mean((1 - label) * dist.pow(2) + label * torch.clamp(self.margin - dist, min=0.0).pow(2))


net = SiameseNetwork(2 * N_POINTS)
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-4)


def verify():
    net.eval()
    with torch.no_grad():
        a, b, y = sample_pairs(test, 4000)
        d = F.pairwise_distance(*net(a, b))
        order = d.argsort()
        same = (y[order] == 0).float()
        # best threshold
        right = same.cumsum(0) + (1 - same).sum() - (1 - same).cumsum(0)
    net.train()
    return (right.max() / len(y)).item(), d[y == 0].mean().item(), d[y == 1].mean().item()


counter, loss_history = [], []
for iteration in range(1, 1501):
    img0, img1, label = sample_pairs(train, 64)
    optimizer.zero_grad()
    output1, output2 = net(img0, img1)
    loss_contrastive = criterion(output1, output2, label)
    loss_contrastive.backward()
    optimizer.step()
    loss_history.append(loss_contrastive.item())
    if iteration % 250 == 0:
        counter.append(iteration)
        acc, d_same, d_diff = verify()
        print("Iteration {}  loss {:.4f}  verification acc {:.3f}  d(same) {:.4f}  d(different) {:.4f}".format(
            iteration, np.mean(loss_history[-250:]), acc, d_same, d_diff))
