import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler


class Alarms(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = (torch.rand(n, generator=g) < 0.02).float()
        self.x = torch.randn(n, 2, 16, generator=g)
        t = torch.arange(16)
        bump = torch.exp(-((t - 8) ** 2) / 6.0)
        self.x[:, 0] += 1.3 * self.y[:, None] * bump
        self.x[:, 1] -= 1.3 * self.y[:, None] * bump

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return (z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx, g):
        z, = ctx.saved_tensors
        return g * (1 - torch.tanh(z) ** 2)


class Spiky(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(32, 48)
        self.b = nn.Linear(48, 24)
        self.c = nn.Linear(24, 1)

    def forward(self, x):
        h = Gate.apply(self.a(x.flatten(1)))
        h = Gate.apply(self.b(h))
        return self.c(h).squeeze(1)


torch.manual_seed(3)
train, test = Alarms(6000, 1), Alarms(4000, 2)
w = torch.where(train.y > 0, 25.0, 1.0)
dl = DataLoader(train, 100, sampler=WeightedRandomSampler(w, 6000))
print(f"positives in the data: {int(train.y.sum())} of {len(train)}")
net = Spiky()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(5):
    for x, y in dl:
        loss = nn.functional.binary_cross_entropy_with_logits(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
with torch.no_grad():
    p = net(test.x) > 0
    rec, spec = p[test.y > 0].float().mean().item(), (~p[test.y == 0]).float().mean().item()
    print(f"final recall {rec:.3f} specificity {spec:.3f}")
