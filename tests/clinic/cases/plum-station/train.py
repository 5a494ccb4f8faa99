import json
import torch
from torch import nn

C = json.load(open("run.json"))
torch.manual_seed(C["seed"])
LEN = 8


class Mapper(nn.Module):
    def __init__(self):
        super().__init__()
        d = C["d_model"]
        self.e = nn.Embedding(C["vocab"], d)
        self.p = nn.Embedding(LEN, d)
        self.attn = nn.MultiheadAttention(d, C["heads"], batch_first=True)
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))
        self.o = nn.Linear(d, C["vocab"])

    def forward(self, s):
        h = self.e(s) + self.p.weight
        h = self.ln1(h + self.attn(h, h, h, need_weights=False)[0])
        return self.o(self.ln2(h + self.ff(h)))


cipher = torch.randperm(C["vocab"])


def draw(n):
    s = torch.randint(0, C["vocab"], (n, LEN))
    return s, cipher[s.roll(1, dims=1)]


net = Mapper()
opt = torch.optim.Adam(net.parameters(), lr=C["lr"], betas=(0.9, 0.98), eps=1e-9)
sched = torch.optim.lr_scheduler.LambdaLR(
    opt, lambda k: min((k + 1) / C["warmup_steps"], (C["warmup_steps"] / (k + 1)) ** 0.5))
for k in range(1, C["steps"] + 1):
    s, t = draw(C["batch"])
    loss = nn.functional.cross_entropy(net(s).transpose(1, 2), t)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if k % 26 == 0:
        print(f"{k:4d}/{C['steps']} nll={loss.item():.4f}")
with torch.no_grad():
    s, t = draw(500)
    print(f"held-out symbol accuracy {(net(s).argmax(-1) == t).float().mean():.3f}")
