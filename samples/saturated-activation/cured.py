"""Which of four shapes was a cloud of 200 points drawn from? A set network: encode the points, pool, decide."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
POINTS = 200


def clouds(n):
    """Disc, ring, cross and square, all with unit variance, at any size between 0.8 and 1.2."""
    kind = torch.randint(0, 4, (n,))
    u, v = torch.rand(2, n, POINTS)
    angle = 6.2832 * u
    disc = torch.stack([v.sqrt() * angle.cos(), v.sqrt() * angle.sin()], -1) * 2.0
    ring = torch.stack([angle.cos(), angle.sin()], -1) * 1.41
    arm = torch.where((u < 0.5).unsqueeze(-1), torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    cross = arm * (2 * v - 1).unsqueeze(-1) * 2.45
    square = (2 * torch.stack([u, v], -1) - 1) * 1.73
    shapes = torch.stack([disc, ring, cross, square])[kind, torch.arange(n)]
    size = 0.8 + 0.4 * torch.rand(n, 1, 1)
    return shapes * size + 0.1 * torch.randn(n, POINTS, 2), kind


class SetNet(nn.Module):
    def __init__(self, features=32, hidden=16, classes=4):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(2, features), nn.ReLU(), nn.Linear(features, features), nn.ReLU())
        self.squash = nn.Sequential(nn.Linear(features, hidden), nn.Tanh())
        self.decide = nn.Linear(hidden, classes)

    def forward(self, cloud):
        pooled = self.encode(cloud).mean(dim=1)
        return self.decide(self.squash(pooled))


loader = DataLoader(TensorDataset(*clouds(1600)), batch_size=32, shuffle=True)
x_test, y_test = clouds(500)
model = SetNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    total = 0.0
    for x, y in loader:
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch:2d}  train loss {total / len(loader):.4f}")

model.eval()
with torch.no_grad():
    accuracy = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.3f}")
