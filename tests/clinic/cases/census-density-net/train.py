"""Population per building from coarse covariates: a per-building rate, summed over each region."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScaleNet(nn.Module):
    def __init__(self, covariates, hidden=16):
        super().__init__()
        self.occrate = nn.Sequential(
            nn.Linear(covariates, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 1))

    def forward(self, buildings):
        return F.relu(self.occrate(buildings)).squeeze(-1)


class Regions:
    def __init__(self, n, size=12, seed=68):
        g = torch.Generator().manual_seed(seed)
        self.cov = torch.randn(n, size, 6, generator=g)
        rate = (0.8 + 0.5 * self.cov[..., 0] - 0.4 * self.cov[..., 1] * self.cov[..., 2]).clamp(min=0)
        self.census = rate.mean(1)

    def sample(self, k):
        idx = torch.randint(0, len(self.census), (k,))
        return self.cov[idx], self.census[idx]


torch.manual_seed(44)
train, test = Regions(1500), Regions(300, seed=69)
net = ScaleNet(6)
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
for it in range(300):
    cov, census = train.sample(40)
    pred = net(cov).mean(1)
    loss = F.l1_loss(pred, census)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 50 == 0:
        print(f'iter {it}: census L1 {loss.item():.4f}')
with torch.no_grad():
    mae = F.l1_loss(net(test.cov).mean(1), test.census).item()
print(f'test mae {mae:.3f} (constant median {(test.census - test.census.median()).abs().mean().item():.3f})')
