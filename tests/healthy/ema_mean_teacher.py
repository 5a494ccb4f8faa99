"""Mean teacher on two moons: few labels, many unlabelled points, the teacher is the average of past students."""
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(6)


def moons(n, noise=0.12):
    label = torch.randint(0, 2, (n,))
    a = math.pi * torch.rand(n)
    x = torch.where(label == 0, a.cos(), 1 - a.cos())
    y = torch.where(label == 0, a.sin(), 0.5 - a.sin())
    p = torch.stack([x - 0.5, y - 0.25], 1) + noise * torch.randn(n, 2)
    return p / torch.tensor([0.87, 0.5]), label


class SemiSupervised:
    def __init__(self, decay=0.97):
        self.student = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
        self.teacher = copy.deepcopy(self.student)
        for p in self.teacher.parameters():
            p.requires_grad_(False)
        self.decay = decay
        self.opt = torch.optim.Adam(self.student.parameters(), lr=3e-3)

    @torch.no_grad()
    def update_teacher(self):
        for slow, fast in zip(self.teacher.parameters(), self.student.parameters()):
            slow.lerp_(fast, 1 - self.decay)

    def step(self, labelled, label, unlabelled, weight):
        jitter = lambda p: p + 0.1 * torch.randn_like(p)
        supervised = F.cross_entropy(self.student(jitter(labelled)), label)
        with torch.no_grad():
            wish = F.softmax(self.teacher(jitter(unlabelled)), 1)
        consistency = F.mse_loss(F.softmax(self.student(jitter(unlabelled)), 1), wish)
        loss = supervised + weight * consistency
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.update_teacher()
        return supervised.item(), consistency.item()


labelled, label = moons(60)
unlabelled, _ = moons(2000)
test, test_label = moons(600)
run = SemiSupervised()
for step in range(300):
    pick = torch.randint(0, len(unlabelled), (64,))
    sup, con = run.step(labelled, label, unlabelled[pick], weight=min(1.0, step / 100) * 5)
    if step % 50 == 0 or step == 299:
        acc = (run.teacher(test).argmax(1) == test_label).float().mean().item()
        print(f"{step:3d}: supervised {sup:.3f}, consistency {con:.5f}, teacher test accuracy {acc:.3f}")
