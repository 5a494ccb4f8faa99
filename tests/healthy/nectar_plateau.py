import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(70)


class Slots(nn.Module):
    def __init__(self, k=3, d=32, iters=3):
        super().__init__()
        self.k, self.iters, self.d = k, iters, d
        self.inp = nn.Sequential(nn.Linear(4, d), nn.ReLU(), nn.Linear(d, d))
        self.seed = nn.Parameter(torch.randn(k, d))
        self.q, self.kv = nn.Linear(d, d), nn.Linear(d, 2 * d)
        self.upd = nn.GRUCell(d, d)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.say = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 2))

    def forward(self, x):
        b = len(x)
        k, v = self.kv(self.n1(self.inp(x))).chunk(2, -1)
        s = self.seed.expand(b, -1, -1)
        for _ in range(self.iters):
            logits = self.q(self.n2(s)) @ k.transpose(1, 2) / self.d ** 0.5
            share = logits.softmax(1) + 1e-6
            share = share / share.sum(2, keepdim=True)
            u = share @ v
            s = self.upd(u.reshape(-1, self.d), s.reshape(-1, self.d)).view(b, self.k, self.d)
        return self.say(s)


TINT = torch.eye(4)[:3, :2].clone()
TINT[2] = torch.tensor([-1.0, -1.0])


def clouds(b):
    centre = torch.rand(b, 3, 2) * 4 - 2
    who = torch.randint(0, 3, (b, 15))
    who[:, :3] = torch.arange(3)
    spot = torch.gather(centre, 1, who[..., None].expand(-1, -1, 2)) + 0.2 * torch.randn(b, 15, 2)
    return torch.cat([spot, TINT[who] + 0.1 * torch.randn(b, 15, 2)], -1), centre


net = Slots()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for i in range(1, 401):
    x, c = clouds(64)
    loss = F.mse_loss(net(x), c)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 50 == 0:
        print(f"{i} loss {loss.item():.4f}")
with torch.no_grad():
    x, c = clouds(1000)
    print(f"final mse {F.mse_loss(net(x), c).item():.4f} (variance {c.var().item():.3f})")
