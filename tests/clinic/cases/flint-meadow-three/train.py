import torch
import torch.nn as nn

torch.manual_seed(4)

def digits(n):
    """8x8 pictures of six simple glyphs with noise and intensity changes"""
    glyph = torch.zeros(6, 8, 8)
    glyph[0, 1:7, 2] = 1; glyph[0, 1:7, 5] = 1
    glyph[1, 2, 1:7] = 1; glyph[1, 5, 1:7] = 1
    glyph[2] = torch.eye(8)
    glyph[3] = torch.eye(8).flip(1)
    glyph[4, 2:6, 2] = 1; glyph[4, 2:6, 5] = 1; glyph[4, 2, 2:6] = 1; glyph[4, 5, 2:6] = 1
    glyph[5, 3:5, :] = 1; glyph[5, :, 3:5] = 1
    y = torch.randint(0, 6, (n,))
    x = glyph[y] * (0.6 + 0.8 * torch.rand(n, 1, 1)) + 0.3 * torch.randn(n, 8, 8)
    return (x.view(n, 64) - 0.25) / 0.5, y


class DeepMLP(nn.Module):
    def __init__(self, depth=6, width=48, act=nn.Sigmoid):
        super().__init__()
        layers = [nn.Linear(64, width), act()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), act()]
        layers += [nn.Linear(width, 6)]
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


x_train, y_train = digits(3000)
x_test, y_test = digits(600)

model = DeepMLP()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

step = 0
for epoch in range(9):
    perm = torch.randperm(3000)
    for i in range(0, 3000, 60):
        idx = perm[i:i + 60]
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")

with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {acc:.3f}")
