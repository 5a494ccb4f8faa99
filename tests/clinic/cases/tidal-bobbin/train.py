import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, random_split, TensorDataset

SR, N = 1000, 400
FAULTS = ["inner", "outer", "ball", "cage"]


def bearings(n, seed=0):
    """vibration snippets; each fault rings at its own resonance"""
    g = torch.Generator().manual_seed(seed)
    centre = torch.tensor([268.0, 292.0, 318.0, 344.0])
    y = torch.randint(0, 4, (n,), generator=g)
    t = torch.arange(N) / SR
    f = centre[y] + 4 * torch.randn(n, generator=g)
    ph = 6.2832 * torch.rand(n, 3, generator=g)
    shaft = torch.sin(2 * math.pi * 25 * t + ph[:, :1]) + 0.6 * torch.sin(2 * math.pi * 50 * t + ph[:, 1:2])
    ring = 0.8 * torch.sin(2 * math.pi * f[:, None] * t + ph[:, 2:])
    x = shaft + ring + 0.7 * torch.randn(n, N, generator=g)
    return TensorDataset((x - x.mean()) / x.std(), y)


class GaborBank(nn.Module):
    """K band-pass filters, each given by a centre (kHz) and a width (ms)"""

    def __init__(self, k=10, size=101):
        super().__init__()
        self.size = size
        self.centre = nn.Parameter(torch.linspace(0.02, 0.22, k))
        self.width = nn.Parameter(torch.full((k,), 0.9))

    def kernel(self, fc, w):
        t = torch.arange(self.size) - self.size // 2
        env = torch.exp(-0.5 * (t / (w * 18.0)) ** 2)
        env = env / env.sum()
        arg = 2 * math.pi * fc * t
        return env * torch.cos(arg), env * torch.sin(arg)

    def forward(self, x):
        rows = []
        for fc, w in zip(self.centre.tolist(), self.width.tolist()):
            rows.extend(self.kernel(fc, w))
        filt = torch.stack(rows).unsqueeze(1)
        y = nn.functional.conv1d(x.unsqueeze(1), filt, stride=4)
        power = y.unflatten(1, (-1, 2)).pow(2).sum(2).mean(-1)
        return torch.log(power + 1e-4)


class FaultNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.bank = GaborBank()
        self.norm = nn.BatchNorm1d(10)
        self.mlp = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, len(FAULTS)))

    def forward(self, x):
        return self.mlp(self.norm(self.bank(x)))


class Runner:
    def __init__(self, net, train, test):
        self.net = net
        self.train_dl = DataLoader(train, batch_size=64, shuffle=True)
        self.test_dl = DataLoader(test, batch_size=200)
        self.opt = torch.optim.Adam([
            {"params": net.bank.parameters(), "lr": 4e-3},
            {"params": [*net.norm.parameters(), *net.mlp.parameters()], "lr": 3e-3}])
        self.ce = nn.CrossEntropyLoss()

    def epoch(self):
        self.net.train()
        total = 0
        for x, y in self.train_dl:
            self.opt.zero_grad()
            loss = self.ce(self.net(x), y)
            loss.backward()
            self.opt.step()
            total += loss.item()
        return total / len(self.train_dl)

    @torch.no_grad()
    def test(self):
        self.net.eval()
        return sum((self.net(x).argmax(1) == y).sum().item() for x, y in self.test_dl) / len(self.test_dl.dataset)


torch.manual_seed(8)
full = bearings(2600)
tr, te = random_split(full, [2000, 600])
runner = Runner(FaultNet(), tr, te)
for e in range(12):
    l = runner.epoch()
    print(f"{e:2d} loss {l:.4f} test {runner.test():.3f}  top band {runner.net.bank.centre.max().item() * 1000:.0f} Hz")
