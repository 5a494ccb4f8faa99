"""Layer-local training: each block raises its activity on (image, right tag) and lowers it on (image, wrong tag)."""
import torch
from torch import nn
import torch.nn.functional as F

K, SIDE = 6, 12


def glyphs(n, seed):
    proto = (torch.rand(K, SIDE * SIDE, generator=torch.Generator().manual_seed(90)) < 0.35).float()
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(K, (n,), generator=g)
    x = proto[y]
    flip = torch.rand(x.shape, generator=g) < 0.22
    x = torch.where(flip, 1 - x, x) + 0.1 * torch.randn(x.shape, generator=g)
    return x, y


def tag(x, y):
    return torch.cat([x, 3.0 * F.one_hot(y, K).float()], 1)


class Block(nn.Module):
    def __init__(self, n_in, n_out, threshold=1.0, lr=2e-3):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.threshold = threshold
        self.optim = torch.optim.Adam(self.linear.parameters(), lr=lr)

    def forward(self, x):
        x = x / (x.norm(dim=1, keepdim=True) + 1e-4) * x.shape[1] ** 0.5
        return torch.relu(self.linear(x))

    def learn(self, right, wrong):
        a, b = self(right), self(wrong)
        ga, gb = a.pow(2).mean(1), b.pow(2).mean(1)
        loss = F.softplus(self.threshold - ga).mean() + F.softplus(gb - self.threshold).mean()
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()
        return a.detach(), b.detach(), loss.item()


class Stack(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.blocks = nn.ModuleList(Block(i, o) for i, o in zip(sizes, sizes[1:]))

    def learn(self, right, wrong):
        losses = []
        for block in self.blocks:
            right, wrong, l = block.learn(right, wrong)
            losses.append(l)
        return losses

    @torch.no_grad()
    def predict(self, x):
        total = []
        for k in range(K):
            h = tag(x, torch.full((len(x),), k))
            goodness = 0.0
            for block in self.blocks:
                h = block(h)
                goodness = goodness + h.pow(2).mean(1)
            total.append(goodness)
        return torch.stack(total, 1).argmax(1)


torch.manual_seed(14)
xtr, ytr = glyphs(2000, 1)
xte, yte = glyphs(600, 2)
net = Stack([SIDE * SIDE + K, 128, 128])
print(f"untrained accuracy {(net.predict(xte) == yte).float().mean():.3f}")
for epoch in range(24):
    sums = [0.0] * len(net.blocks)
    for idx in torch.randperm(len(xtr)).split(50):
        x, y = xtr[idx], ytr[idx]
        other = (y + torch.randint(1, K, y.shape)) % K
        for i, l in enumerate(net.learn(tag(x, y), tag(x, other))):
            sums[i] += l / 40
    if epoch % 3 == 2:
        acc = (net.predict(xte) == yte).float().mean().item()
        print(f"epoch {epoch + 1:2d}  block losses {' '.join(f'{s:.3f}' for s in sums)}  test accuracy {acc:.3f}")
