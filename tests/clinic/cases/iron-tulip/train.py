import math
import yaml
import torch
import torch.nn as nn
import torch.nn.functional as F

settings = yaml.safe_load(open("settings.yaml"))


def arms(n, seed):
    g = torch.Generator().manual_seed(seed)
    c = torch.randint(0, 3, (n,), generator=g)
    r = torch.rand(n, generator=g) * 0.9 + 0.1
    a = r * 3.2 + c * 2 * math.pi / 3 + 0.12 * torch.randn(n, generator=g)
    return torch.stack([r * a.cos(), r * a.sin()], 1) * 2, c


class MLP(nn.Module):
    def __init__(self, sizes, activation):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))
        self.act = getattr(F, activation, lambda t: t)

    def forward(self, x):
        *body, last = self.linears
        for lin in body:
            x = self.act(lin(x))
        return last(x)


torch.manual_seed(10)
x, y = arms(1500, 0)
xt, yt = arms(400, 1)
net = MLP([2, *settings["net"]["hidden"], 3], settings["net"]["activation"])
opt = torch.optim.AdamW(net.parameters(), lr=settings["fit"]["lr"])
for ep in range(settings["fit"]["epochs"]):
    tot = 0.0
    for b in torch.randperm(len(x)).split(settings["fit"]["batch"]):
        loss = F.cross_entropy(net(x[b]), y[b])
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item() * len(b)
    print("epoch", ep, "loss", round(tot / len(x), 4))
print("test acc", round((net(xt).argmax(1) == yt).float().mean().item(), 4))
