import math
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

random.seed(21)
torch.manual_seed(21)


def draw_signature(style, g):
    """A pen stroke on a 20x20 grid. `style` fixes the shape, every drawing wobbles a bit."""
    f1, f2, ph, amp = style
    t = torch.linspace(0, 1, 60)
    w = 1 + 0.12 * torch.randn(3, generator=g)
    x = 2 + 16 * t + 0.5 * torch.randn(1, generator=g)
    y = 10 + amp * w[0] * torch.sin(6.283 * f1 * w[1] * t + ph) + 3 * torch.cos(6.283 * f2 * w[2] * t)
    y = y + 0.4 * torch.randn(1, generator=g)
    gx = torch.arange(20.0)
    dx = (gx[None, :, None] - x[None, None, :]) ** 2
    dy = (gx[:, None, None] - y[None, None, :].reshape(1, 1, -1)) ** 2
    ink = torch.exp(-(dx + dy) / 0.9).amax(-1)
    return ink.unsqueeze(0)


class SignaturePairs(Dataset):
    def __init__(self, n_people, n_pairs, seed):
        g = torch.Generator().manual_seed(seed)
        rnd = random.Random(seed)
        people = [(rnd.uniform(0.5, 3), rnd.uniform(0.5, 2.5), rnd.uniform(0, 2 * math.pi), rnd.uniform(2, 6))
                  for _ in range(n_people)]
        self.pairs = []
        for i in range(n_pairs):
            genuine = i % 2
            a = rnd.randrange(n_people)
            b = a if genuine else (a + rnd.randrange(1, n_people)) % n_people
            self.pairs.append((draw_signature(people[a], g), draw_signature(people[b], g), genuine))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        a, b, genuine = self.pairs[i]
        return a, b, torch.tensor(float(genuine))


class Tower(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(16 * 25, 64), nn.ReLU(), nn.Linear(64, dim),
        )

    def forward(self, x):
        return self.features(x - 0.15)


def verify(tower, loader, cut=0.6):
    tower.eval()
    right = n = 0
    gen, imp = [], []
    with torch.no_grad():
        for a, b, y in loader:
            s = F.cosine_similarity(tower(a), tower(b))
            right += ((s > cut).float() == y).sum().item()
            n += len(y)
            gen.append(s[y == 1])
            imp.append(s[y == 0])
    tower.train()
    return right / n, torch.cat(gen).mean().item(), torch.cat(imp).mean().item()


train_dl = DataLoader(SignaturePairs(60, 1600, 1), batch_size=32, shuffle=True, drop_last=True)
test_dl = DataLoader(SignaturePairs(40, 400, 2), batch_size=100)

tower = Tower()
criterion = nn.CosineEmbeddingLoss(margin=0.3)
optimizer = torch.optim.Adam(tower.parameters(), lr=1e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10 * len(train_dl))

for epoch in range(10):
    total = 0.0
    for a, b, y in train_dl:
        loss = criterion(tower(a), tower(b), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
    acc, g_sim, i_sim = verify(tower, test_dl)
    print(f"epoch {epoch:2d} loss {total / len(train_dl):.4f}  test acc {acc:.3f}  "
          f"similarity genuine {g_sim:.3f} / impostor {i_sim:.3f}")
