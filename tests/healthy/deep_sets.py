"""Deep Sets: the spread of a cloud of points, whatever their order; sets of different size with a mask."""
import torch
import torch.nn as nn

torch.manual_seed(92)
LARGEST = 20


def clouds(n):
    size = torch.randint(5, LARGEST + 1, (n,))
    present = (torch.arange(LARGEST)[None] < size[:, None]).float()
    scale = 0.3 + 1.2 * torch.rand(n, 1, 1)
    points = (torch.randn(n, 1, 2) * 0.5 + scale * torch.randn(n, LARGEST, 2)) * present[..., None]
    mean = points.sum(1, keepdim=True) / size[:, None, None]
    var = (((points - mean) ** 2).sum(-1) * present).sum(1) / size
    return points, present, torch.log(var)


class DeepSet(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.rho = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, points, present):
        h = self.phi(points) * present.unsqueeze(-1)
        pooled = h.sum(dim=1) / present.sum(dim=1, keepdim=True)
        return self.rho(pooled).squeeze(-1)


model = DeepSet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.SmoothL1Loss()
test = clouds(500)
mean_abs = lambda: (model(*test[:2]) - test[2]).abs().mean().item()
with torch.no_grad():
    print(f"constant guess off by {(test[2] - test[2].median()).abs().mean():.3f}, untrained by {mean_abs():.3f}")
for step in range(1, 301):
    points, present, target = clouds(48)
    optimizer.zero_grad()
    loss = criterion(model(points, present), target)
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            print(f"step {step}: loss {loss.item():.4f}, off by {mean_abs():.3f}")
