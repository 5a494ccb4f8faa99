# Binarised weights with a straight-through autograd.Function, and a hand-written Lion optimizer
import torch
import torch.nn as nn

torch.manual_seed(6)


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        (w,) = ctx.saved_tensors
        return g * (w.abs() <= 1)


class BinaryLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.w = nn.Parameter(torch.empty(o, i).uniform_(-0.1, 0.1))
        self.norm = nn.BatchNorm1d(o)

    def forward(self, x):
        return self.norm(x @ Sign.apply(self.w).T / self.w.size(1) ** 0.5)


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas=(0.9, 0.99)):
        super().__init__(params, dict(lr=lr, betas=betas))

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            b1, b2 = g["betas"]
            for p in g["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.sub_(g["lr"] * (b1 * m + (1 - b1) * p.grad).sign())
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


proto = (torch.rand(8, 40) < 0.5).float()


def draw(n):
    """0/1 questionnaires, 25 % of the answers flipped"""
    y = torch.randint(0, 8, (n,))
    flip = (torch.rand(n, 40) < 0.25).float()
    return (proto[y] - flip).abs(), y


net = nn.Sequential(BinaryLinear(40, 64), nn.Hardtanh(), BinaryLinear(64, 64), nn.Hardtanh(), nn.Linear(64, 8))
opt = Lion(net.parameters(), lr=1e-3)
for it in range(300):
    x, y = draw(128)
    loss = nn.functional.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 60 == 0:
        print(it, loss.item())
net.eval()
with torch.no_grad():
    x, y = draw(3000)
    bayes = (torch.cdist(x, proto, p=1).argmin(1) == y).float().mean().item()
    print(f"accuracy {(net(x).argmax(1) == y).float().mean().item():.3f}, nearest true prototype {bayes:.3f}, chance 0.125")
