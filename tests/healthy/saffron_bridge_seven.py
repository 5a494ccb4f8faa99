import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)
P, Q = torch.randn(6, 30), torch.randn(6, 24)


def pairs(n):
    z = torch.randn(n, 6)
    return torch.tanh(z @ P) + 0.3 * torch.randn(n, 30), (z @ Q).abs() / 2 - 0.9 + torch.sign(z @ Q) * 0.3 + 0.3 * torch.randn(n, 24)


class Tower(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(i, 96), nn.GELU(), nn.Linear(96, 32))

    def forward(self, x):
        return F.normalize(self.f(x), dim=-1)


left, right = Tower(30), Tower(24)
scale = nn.Parameter(torch.tensor(2.0))
opt = torch.optim.AdamW([{"params": [*left.parameters(), *right.parameters()], "weight_decay": 0.01},
                         {"params": [scale], "weight_decay": 0.0}], lr=3e-3)
A, B = pairs(6400)
va, vb = pairs(200)


def found():
    with torch.no_grad():
        s = left(va) @ right(vb).T
    return (s.argmax(0) == torch.arange(200)).float().mean().item()


step = 0
print(f"step 0 top-1 of 200: {found():.3f}")
for epoch in range(6):
    for i in torch.randperm(len(A)).split(128):
        sim = scale.exp() * left(A[i]) @ right(B[i]).T
        loss = -F.log_softmax(sim, dim=0).diagonal().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
    print(f"step {step} loss {loss.item():.3f} top-1 of 200: {found():.3f}")
