import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call


class Compass(nn.Module):
    def __init__(self, net, size):
        super().__init__()
        self.net = net.requires_grad_(False)
        self.names = [(n, p.shape, p.numel()) for n, p in net.named_parameters()]
        total = sum(k for *_, k in self.names)
        basis = torch.randn(total, size)
        self.register_buffer("basis", basis / basis.norm(dim=0, keepdim=True))
        self.register_buffer("origin", torch.cat([p.flatten() for p in net.parameters()]).clone())
        self.coord = nn.Parameter(torch.zeros(size))

    def forward(self, x):
        flat = self.origin + self.basis @ self.coord
        parts = flat.split([k for *_, k in self.names])
        weights = {n: part.view(shape) for (n, shape, _), part in zip(self.names, parts)}
        return functional_call(self.net, weights, (x,))


def make(n, gen):
    x = torch.randn(n, 16, generator=gen)
    score = torch.stack([x[:, 0] * x[:, 1], x[:, 2].abs() - 0.8 + 0.5 * x[:, 3],
                         x[:, 4] - 0.5 * x[:, 5] * x[:, 0], 0.8 * x[:, 6] + 0.4 * x[:, 7]], 1)
    return x, score.argmax(1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--size", type=int, default=600)
    ap.add_argument("--lr", type=float, default=0.15)
    ap.add_argument("--steps", type=int, default=500)
    args = ap.parse_args()
    torch.manual_seed(30)
    gen = torch.Generator().manual_seed(31)
    x, y = make(12000, gen)
    xt, yt = make(2000, gen)
    net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 4))
    model = Compass(net, args.size)
    trainable = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(trainable, lr=args.lr)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.steps, eta_min=args.lr / 20)
    print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in model.parameters()))
    for step in range(args.steps):
        idx = torch.randint(len(x), (256,), generator=gen)
        loss = F.cross_entropy(model(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        plan.step()
        if step % 100 == 0 or step == args.steps - 1:
            with torch.no_grad():
                acc = (model(xt).argmax(1) == yt).float().mean().item()
            print(f"{step} loss {loss.item():.4f} test acc {acc:.3f}")


if __name__ == "__main__":
    main()
