import copy
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(29)
C, D = 5, 40
basis = torch.linalg.qr(torch.randn(D, D))[0]
centre = 3.0 * F.normalize(torch.randn(C, 6), dim=1)


def content(n):
    y = torch.randint(0, C, (n,))
    return centre[y] + 0.4 * torch.randn(n, 6), y


def view(c):
    return torch.cat([c + 0.15 * torch.randn_like(c), 1.5 * torch.randn(len(c), D - 6)], 1) @ basis


class Learner:
    def __init__(self):
        self.enc = nn.Sequential(nn.Linear(D, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
        self.proj = nn.Sequential(nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16), nn.BatchNorm1d(16, affine=False))
        self.pred = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16))
        self.online = nn.Sequential(self.enc, self.proj)
        self.slow = copy.deepcopy(self.online)
        self.opt = torch.optim.Adam([*self.online.parameters(), *self.pred.parameters()], lr=3e-3)

    def half(self, a, b):
        with torch.no_grad():
            t = self.slow(b)
        return -F.cosine_similarity(self.pred(self.online(a)), t).mean()

    def fit(self, a, b):
        loss = 0.5 * (self.half(a, b) + self.half(b, a))
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        with torch.no_grad():
            for s, o in zip(self.slow.parameters(), self.online.parameters()):
                s.lerp_(o, 0.03)
        return loss.item()

    @torch.no_grad()
    def neighbours(self, xa, ya, xb, yb):
        self.enc.eval()
        a, b = F.normalize(self.enc(xa), dim=1), F.normalize(self.enc(xb), dim=1)
        self.enc.train()
        near = (b @ a.T).topk(9).indices
        return (ya[near].mode(1).values == yb).float().mean().item()


ca, ya = content(500)
cb, yb = content(400)
xa, xb = view(ca), view(cb)
m = Learner()
print(f"step 0 nearest-neighbour acc {m.neighbours(xa, ya, xb, yb):.3f}")
for step in range(1, 301):
    c, _ = content(128)
    l = m.fit(view(c), view(c))
    if step % 60 == 0:
        print(f"step {step} loss {l:.3f} nearest-neighbour acc {m.neighbours(xa, ya, xb, yb):.3f}")
