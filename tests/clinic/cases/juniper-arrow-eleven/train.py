import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

np.random.seed(13)
torch.manual_seed(13)

# "faces": every person has a template, pictures are noisy copies with nuisance background
N_PERSON = 40
D = 64
templates = np.random.randn(N_PERSON, 12)
mix = np.random.randn(12, D) / 4
background = np.random.randn(20, D)

def picture(ids):
    core = templates[ids] + 0.25 * np.random.randn(len(ids), 12)
    bg = np.random.randn(len(ids), 20) @ background / 3
    return torch.tensor(core @ mix + bg, dtype=torch.float32)

def triplets(b, lo, hi):
    a = np.random.randint(lo, hi, b)
    n = lo + (a - lo + np.random.randint(1, hi - lo, b)) % (hi - lo)
    return picture(a), picture(a), picture(n)


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(D, 128), nn.PReLU(), nn.Linear(128, 64), nn.PReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return F.normalize(self.fc(x), dim=1)


class TripletLoss(nn.Module):
    def __init__(self, margin=0.5):
        super().__init__()
        self.margin = margin

    def forward(self, anchor, positive, negative):
        d_ap = (anchor - positive).pow(2).sum(1)
        d_an = (anchor - negative).pow(2).sum(1)
        losses = F.relu(d_ap - d_an + self.margin)
        return Variable(losses.mean().data, requires_grad=True)


net = EmbeddingNet()
criterion = TripletLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for it in range(1, 401):
    a, p, n = triplets(64, 0, N_PERSON)
    optimizer.zero_grad()
    loss = criterion(net(a), net(p), net(n))
    loss.backward()
    optimizer.step()
    if it % 50 == 0:
        print(f"iteration {it} triplet loss {loss.item():.4f}")

with torch.no_grad():
    a, p, n = [net(t) for t in triplets(2000, 0, N_PERSON)]
    ok = ((a - p).pow(2).sum(1) < (a - n).pow(2).sum(1)).float().mean().item()
print(f"triplets in the right order: {ok:.3f}")
