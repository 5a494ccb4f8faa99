# A two-layer perceptron from matrix products, as in a first lecture on neural nets: XOR-like quadrants in 2-D.
import math

import torch


def quadrants(n, g):
    x = 2 * torch.rand(n, 2, generator=g) - 1
    y = (x[:, 0] * x[:, 1] > 0).float()
    return x * math.sqrt(3), y


class Perceptron:
    def __init__(self, n_in, n_hidden):
        self.W1 = torch.full((n_in, n_hidden), 0.5)
        self.b1 = torch.zeros(n_hidden)
        self.W2 = torch.full((n_hidden,), 0.5)
        self.b2 = torch.zeros(())
        for p in self.parameters():
            p.requires_grad_(True)

    def parameters(self):
        return [self.W1, self.b1, self.W2, self.b2]

    def __call__(self, x):
        hidden = torch.tanh(x @ self.W1 + self.b1)
        return hidden @ self.W2 + self.b2


def binary_cross_entropy(score, y):
    return (torch.clamp(score, min=0) - score * y + torch.log1p(torch.exp(-score.abs()))).mean()


g = torch.Generator().manual_seed(0)
X, Y = quadrants(3000, g)
X_test, Y_test = quadrants(1000, g)
net = Perceptron(2, 16)
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)

step = 0
for epoch in range(8):
    for rows in torch.randperm(len(X), generator=g).split(50):
        loss = binary_cross_entropy(net(X[rows]), Y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 60 == 0:
            print("step", step, "loss", round(loss.item(), 4))

with torch.no_grad():
    right = ((net(X_test) > 0) == (Y_test > 0.5)).float().mean().item()
print("test accuracy", round(right, 3))
