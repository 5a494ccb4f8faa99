"""Gated experts on a patchwork of local response surfaces."""
import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F


class Expert(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out)

    def forward(self, x):
        return self.lin(x)


class GatedExperts(nn.Module):
    def __init__(self, d_in, d_out, n_experts, gate_width):
        super().__init__()
        self.experts = nn.ModuleList(Expert(d_in, d_out) for _ in range(n_experts))
        self.gate = nn.Sequential(nn.Linear(d_in, gate_width), nn.ReLU(), nn.Linear(gate_width, n_experts))

    def forward(self, x):
        weight = F.softmax(self.gate(x), dim=0)
        out = torch.stack([e(x) for e in self.experts], dim=1)
        return torch.einsum("be,beo->bo", weight, out), weight


class Patchwork(torch.utils.data.Dataset):
    def __init__(self, n, regions, d_in, seed):
        shape = torch.Generator().manual_seed(1234)
        self.centres = torch.randn(regions, d_in, generator=shape) * 1.5
        self.slopes = torch.randn(regions, d_in, generator=shape)
        self.offsets = torch.randn(regions, generator=shape) * 2
        g = torch.Generator().manual_seed(seed)
        self.region = torch.randint(regions, (n,), generator=g)
        self.x = self.centres[self.region] + 0.6 * torch.randn(n, d_in, generator=g)
        raw = (self.slopes[self.region] * self.x).sum(1) + self.offsets[self.region]
        raw = raw + 0.1 * torch.randn(n, generator=g)
        self.y = (raw / 3.0)[:, None]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def r2(model, data):
    model.eval()
    with torch.no_grad():
        p = model(data.x)[0]
    model.train()
    return 1 - (F.mse_loss(p, data.y) / data.y.var()).item()


def main(a):
    torch.manual_seed(a.seed)
    train, valid = Patchwork(3200, a.regions, 4, 1), Patchwork(960, a.regions, 4, 2)
    loader = torch.utils.data.DataLoader(train, batch_size=a.batch, shuffle=True, drop_last=True)
    model = GatedExperts(4, 1, a.experts, 32)
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)
    for epoch in range(a.epochs):
        total = 0.0
        for x, y in loader:
            pred, w = model(x)
            usage = w.mean(0)
            loss = F.mse_loss(pred, y) + a.balance * (usage / usage.sum()).pow(2).sum()
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() / len(loader)
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1:2d}  loss {total:.4f}  valid R2 {r2(model, valid):.3f}")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--regions", type=int, default=8)
    p.add_argument("--experts", type=int, default=8)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--epochs", type=int, default=24)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--balance", type=float, default=0.01)
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
