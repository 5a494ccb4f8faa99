"""Which of eight plants is it? Leaf measurements, a small net and torch.distributions."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(17)
PLANTS, MEASURES = 8, 12
types = 1.5 * torch.randn(PLANTS, MEASURES)


def leaves(n):
    plant = torch.randint(PLANTS, (n,))
    return types[plant] + torch.randn(n, MEASURES), plant


x_train, y_train = leaves(3000)
x_test, y_test = leaves(1000)
mu, sd = x_train.mean(0), x_train.std(0)
x_train, x_test = (x_train - mu) / sd, (x_test - mu) / sd

net = nn.Sequential(nn.Linear(MEASURES, 32), nn.LeakyReLU(), nn.Linear(32, 32), nn.LeakyReLU(), nn.Linear(32, PLANTS))
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)


def fit(epochs, batch_size=100):
    for epoch in range(epochs):
        order = torch.randperm(len(x_train))
        total = 0.0
        for rows in order.chunk(len(order) // batch_size):
            posterior = Categorical(logits=net(x_train[rows]))
            loss = posterior.log_prob(y_train[rows]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print("epoch", epoch + 1, "loss", round(total * batch_size / len(order), 4))


fit(epochs=8)
with torch.no_grad():
    accuracy = (net(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.3f}")
