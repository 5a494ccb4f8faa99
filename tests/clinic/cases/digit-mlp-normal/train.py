import torch
import torch.nn as nn
import numpy as np

np.random.seed(0)
torch.manual_seed(0)

GLYPHS = ["01110100011000101110", "00100011000010000100", "11100000100100011110", "11110000101100011110", "10010100101111100010",
          "11111100000111011110", "01100100001110001100", "11111000010001000100", "01110011100111001110", "01110011110000101110"]
glyphs = np.array([[int(c) for c in g] for g in GLYPHS], dtype=np.float32)


def digits(n):
    y = np.random.randint(0, 10, n)
    x = np.kron(glyphs[y].reshape(n, 4, 5), np.ones((1, 2, 2), dtype=np.float32)).reshape(n, -1)
    x = x * np.random.uniform(.6, 1., (n, 1)) + 0.35 * np.random.randn(n, x.shape[1])
    return torch.tensor((x - .4) / .6, dtype=torch.float32), torch.tensor(y)


class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))
        self.reset()

    def reset(self):
        for l in self.layers:
            nn.init.normal_(l.weight, mean=0.0, std=1.0)
            nn.init.zeros_(l.bias)

    def forward(self, x):
        for l in self.layers[:-1]:
            x = torch.relu(l(x))
        return self.layers[-1](x)


xtr, ytr = digits(3000)
xte, yte = digits(600)
net = MLP([80, 128, 128, 128, 128, 10])
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(10):
    p = np.random.permutation(3000)
    losses = []
    for i in range(0, 3000, 60):
        b = torch.as_tensor(p[i:i + 60])
        loss = loss_fn(net(xtr[b]), ytr[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("epoch", epoch + 1, "loss", np.mean(losses))
with torch.no_grad():
    print("test acc", (net(xte).argmax(1) == yte).float().mean().item(), "test loss", loss_fn(net(xte), yte).item())
