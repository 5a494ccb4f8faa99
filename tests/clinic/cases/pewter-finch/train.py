"""Unrolled shrinkage network: codes for patches over a learned dictionary, then a linear readout of the material."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Config:
    patch = 48
    atoms = 64
    unroll = 6
    sparsity = 4.0
    readout = 0.5
    lr = 2e-3
    epochs = 20
    batch = 64


def patches(n, seed, cfg, materials=6):
    basis_g = torch.Generator().manual_seed(55)
    basis = F.normalize(torch.randn(40, cfg.patch, generator=basis_g), dim=1)
    member = torch.rand(materials, 40, generator=basis_g) < 0.25
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(materials, (n,), generator=g)
    weight = torch.rand(n, 40, generator=g) * member[y].float()
    weight = weight * (torch.rand(n, 40, generator=g) < 0.45)
    sign = torch.randint(2, (n, 40), generator=g) * 2 - 1
    x = 2.0 * (weight * sign) @ basis + 0.05 * torch.randn(n, cfg.patch, generator=g)
    return x, y


class Unrolled(nn.Module):
    def __init__(self, cfg, materials=6):
        super().__init__()
        self.cfg = cfg
        self.dictionary = nn.Parameter(F.normalize(torch.randn(cfg.atoms, cfg.patch), dim=1))
        self.log_step = nn.Parameter(torch.full((cfg.unroll,), -1.6))
        self.threshold = nn.Parameter(torch.full((cfg.unroll, 1), 0.05))
        self.readout = nn.Linear(cfg.atoms, materials)

    def encode(self, x):
        d = F.normalize(self.dictionary, dim=1)
        z = x.new_zeros(len(x), self.cfg.atoms)
        for k in range(self.cfg.unroll):
            z = z + self.log_step[k].exp() * (x - z @ d) @ d.T
            z = torch.sign(z) * F.relu(z.abs() - self.threshold[k])
        return z, z @ d

    def forward(self, x):
        z, rec = self.encode(x)
        return z, rec, self.readout(z.abs())


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(1)
        self.cfg = cfg
        self.model = Unrolled(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.train_set, self.test_set = patches(4000, 1, cfg), patches(1000, 2, cfg)

    def objective(self, x, y):
        z, rec, logits = self.model(x)
        fit = (rec - x).pow(2).sum(1).mean()
        l1 = z.abs().sum(1).mean()
        ce = F.cross_entropy(logits, y)
        return fit + self.cfg.sparsity * l1 + self.cfg.readout * ce, fit, l1, ce

    def test(self):
        x, y = self.test_set
        with torch.no_grad():
            z, rec, logits = self.model(x)
        explained = 1 - ((rec - x).pow(2).sum() / x.pow(2).sum()).item()
        used = (z.abs() > 1e-3).float().sum(1).mean().item()
        return (logits.argmax(1) == y).float().mean().item(), explained, used

    def run(self):
        x, y = self.train_set
        for epoch in range(1, self.cfg.epochs + 1):
            sums = torch.zeros(4)
            batches = torch.randperm(len(x)).split(self.cfg.batch)
            for idx in batches:
                parts = self.objective(x[idx], y[idx])
                self.opt.zero_grad()
                parts[0].backward()
                self.opt.step()
                sums += torch.stack([p.detach() for p in parts]) / len(batches)
            if epoch % 2 == 0:
                acc, ex, used = self.test()
                print("epoch %2d  total %.3f  fit %.3f  l1 %.3f  ce %.3f | acc %.3f  explained %.3f  atoms/patch %.1f"
                      % (epoch, *sums.tolist(), acc, ex, used))


if __name__ == "__main__":
    Trainer(Config()).run()
