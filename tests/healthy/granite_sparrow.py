import torch
from torch import nn
from torch.nn import functional as F


class Terrain:
    """Land cover from a spectral signature; the rule differs from one climate zone to the next."""

    def __init__(self, zones=4, bands=6, classes=5, seed=4):
        g = torch.Generator().manual_seed(seed)
        self.g = g
        self.zone_centre = 2.2 * torch.randn(zones, 2, generator=g)
        self.rule = torch.randn(zones, bands, classes, generator=g)
        self.warp = torch.randn(zones, bands, bands, generator=g) / bands ** 0.5
        self.bands, self.zones, self.classes = bands, zones, classes

    def draw(self, n):
        z = torch.randint(self.zones, (n,), generator=self.g)
        place = self.zone_centre[z] + 0.5 * torch.randn(n, 2, generator=self.g)
        spectrum = torch.randn(n, self.bands, generator=self.g)
        bent = torch.tanh(1.5 * torch.einsum("nb,nbc->nc", spectrum, self.warp[z]))
        score = torch.einsum("nb,nbc->nc", bent, self.rule[z])
        gumbel = -torch.log(-torch.log(torch.rand(score.shape, generator=self.g)))
        return torch.cat([place, spectrum], 1), (score + 0.25 * gumbel).argmax(1)


class Expert(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.inner = nn.Linear(n_in, 24)
        self.outer = nn.Linear(24, n_out)

    def forward(self, x):
        return self.outer(torch.tanh(self.inner(x)))


class Mixture(nn.Module):
    """Returns the log of  sum_k gate_k(x) p_k(class | x)."""

    def __init__(self, n_in, n_out, experts):
        super().__init__()
        self.experts = nn.ModuleList([Expert(n_in, n_out) for _ in range(experts)])
        self.gate = nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, experts))

    def forward(self, x):
        log_gate = F.log_softmax(self.gate(x), dim=-1).unsqueeze(-1)
        log_p = torch.stack([F.log_softmax(e(x), dim=-1) for e in self.experts], dim=1)
        return torch.logsumexp(log_gate + log_p, dim=1)


class Trainer:
    def __init__(self, model, data, lr=3e-3, batch=128):
        self.model, self.data, self.batch = model, data, batch
        self.criterion = nn.CrossEntropyLoss()
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.val = data.draw(2000)

    def step(self):
        x, y = self.data.draw(self.batch)
        loss = self.criterion(self.model(x), y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()

    @torch.no_grad()
    def validate(self):
        x, y = self.val
        out = self.model(x)
        usage = F.softmax(self.model.gate(x), -1).mean(0)
        return self.criterion(out, y).item(), (out.argmax(1) == y).float().mean().item(), usage.tolist()

    def fit(self, steps, every):
        acc = 0.0
        for s in range(1, steps + 1):
            acc += self.step()
            if s % every == 0:
                nll, hit, usage = self.validate()
                shares = " ".join(f"{u:.2f}" for u in usage)
                print(f"step {s:5d}  train nll {acc / every:.4f}  val nll {nll:.4f}  val acc {hit:.3f}  gate [{shares}]")
                acc = 0.0


if __name__ == "__main__":
    torch.manual_seed(0)
    data = Terrain()
    model = Mixture(2 + data.bands, data.classes, experts=6)
    Trainer(model, data).fit(steps=2000, every=250)
    counts = torch.bincount(data.draw(4000)[1], minlength=data.classes)
    print("largest class share:", round((counts.max() / counts.sum()).item(), 3))
