import torch

torch.manual_seed(404)


class Perceptron(torch.nn.Module):
    """Is the point inside the flower?"""

    def __init__(self):
        super().__init__()
        self.linear1 = torch.nn.Linear(2, 40)
        self.linear2 = torch.nn.Linear(40, 40)
        self.linear3 = torch.nn.Linear(40, 1)

    def forward(self, x):
        x = torch.relu(self.linear1(x))
        x = torch.relu(self.linear2(x))
        return torch.sigmoid(self.linear3(x))


def points(n):
    p = torch.rand(n, 2) * 4 - 2
    radius = p.norm(dim=1)
    angle = torch.atan2(p[:, 1], p[:, 0])
    return p, (radius < 1.2 + 0.5 * torch.sin(3 * angle)).float().view(-1, 1)


model = Perceptron()
criterion = torch.nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
x_test, y_test = points(1000)

for t in range(401):
    x, y = points(64)
    y_pred = model(x)
    loss = criterion(y_pred, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if t % 50 == 0:
        with torch.no_grad():
            right = ((model(x_test) > 0.5).float() == y_test).float().mean()
        print(t, f"loss={loss.item():.3f}", f"test accuracy={right:.3f}")
