import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

AGES = torch.arange(0, 40, dtype=torch.float)


def label_distribution(age, sigma=3.0):
    d = torch.exp(-0.5 * ((AGES[None] - age[:, None]) / sigma) ** 2)
    return d / d.sum(1, keepdim=True)


def faces(n, seed):
    g = torch.Generator().manual_seed(seed)
    age = torch.rand(n, generator=g) * 39
    u = age / 39
    basis = torch.stack([u, u ** 2, torch.sin(5 * u), torch.cos(5 * u), torch.exp(-u)], 1)
    proj = torch.randn(5, 16, generator=torch.Generator().manual_seed(77))
    x = basis @ proj + 0.05 * torch.randn(n, 16, generator=g)
    return (x - x.mean(0)) / x.std(0), age


class AgeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.top = nn.Linear(64, len(AGES))

    def forward(self, x):
        return F.softmax(self.top(self.body(x)), dim=1)


def report(model, x, age):
    model.eval()
    with torch.no_grad():
        p = model(x)
        t = label_distribution(age)
        kl = (t * (t.clamp_min(1e-12).log() - p.clamp_min(1e-12).log())).sum(1).mean().item()
        mae = ((p * AGES).sum(1) - age).abs().mean().item()
    model.train()
    return kl, mae


def main(epochs=25):
    torch.manual_seed(6)
    x, age = faces(2400, 1)
    vx, vage = faces(500, 2)
    loader = DataLoader(TensorDataset(x, label_distribution(age)), batch_size=60, shuffle=True)
    model = AgeNet()
    kl_loss = nn.KLDivLoss(reduction="batchmean")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        s = 0.0
        for xb, tb in loader:
            prob = model(xb)
            loss = kl_loss(prob, tb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            s += loss.item()
        if epoch % 4 == 0:
            kl, mae = report(model, vx, vage)
            print(f"{epoch:3d} train {s / len(loader):.4f}  val divergence {kl:.4f}  val mae {mae:.2f}")


main()
