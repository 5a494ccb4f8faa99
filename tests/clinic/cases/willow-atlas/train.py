import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ExponentialLR


def spirals(n, g):
    c = torch.randint(0, 3, (n,), generator=g)
    r = torch.rand(n, generator=g)
    a = 3.5 * r + c * 2 * torch.pi / 3 + 0.15 * torch.randn(n, generator=g)
    return torch.stack([r * a.cos(), r * a.sin()], 1) * 1.8, c


def block(i, o):
    return nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.SiLU())


def build():
    return nn.Sequential(block(2, 48), block(48, 48), nn.Linear(48, 3))


def train_epoch(model, batches, optimizer, scheduler, criterion):
    model.train()
    losses = []
    for x, y in batches:
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def test(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


g = torch.Generator().manual_seed(17)
torch.manual_seed(17)
x, y = spirals(2000, g)
tx, ty = spirals(600, g)
model = build()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = ExponentialLR(optimizer, gamma=0.8)

for epoch in range(20):
    p = torch.randperm(len(x), generator=g)
    batches = [(x[p[i:i + 40]], y[p[i:i + 40]]) for i in range(0, len(x), 40)]
    loss = train_epoch(model, batches, optimizer, scheduler, criterion)
    if epoch % 3 == 0 or epoch == 19:
        print(f"epoch {epoch}: train loss {loss:.4f}, test accuracy {test(model, tx, ty):.3f}")
