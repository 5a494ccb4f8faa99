"""Three spiral arms: which one does a point lie on? An MLP of nine layers."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)


def arms(n):
    arm = torch.randint(0, 3, (n,))
    t = torch.rand(n)
    angle = 2.5 * t + arm * 2 * torch.pi / 3
    r = 0.3 + 1.5 * t
    xy = torch.stack((r * torch.cos(angle), r * torch.sin(angle)), 1) + 0.06 * torch.randn(n, 2)
    return xy, arm


class DeepMLP(nn.Module):
    def __init__(self, width=40, depth=8, activation=torch.tanh):
        super().__init__()
        sizes = [2] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(width, 3)
        self.activation = activation
        for layer in self.hidden:
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x):
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.out(x)


x_train, y_train = arms(3000)
x_test, y_test = arms(1000)
model = DeepMLP()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for step in range(1, 501):
    rows = torch.randint(0, len(x_train), (64,))
    loss = F.cross_entropy(model(x_train[rows]), y_train[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step:5d}  {loss.item():.4f}")

with torch.no_grad():
    accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.3f}")
