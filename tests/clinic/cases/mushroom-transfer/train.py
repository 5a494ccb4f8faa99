import copy
import torch
import torch.nn as nn


class MushroomNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(22, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.head = nn.Linear(48, 2)

    def forward(self, x):
        return self.head(self.trunk(x))


class Learner:
    def __init__(self, lr):
        self.model = MushroomNet()
        self.best = copy.deepcopy(self.model.state_dict())
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()

    def load_best(self):
        self.model = MushroomNet()
        self.model.load_state_dict(self.best)

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def accuracy(self, x, y):
        return (self.model(x).argmax(1) == y).float().mean().item()


def collect(n):
    x = (torch.rand(n, 22) < 0.5).float() * 2 - 1
    poison = (x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * x[:, 3] * x[:, 4] > 0).long()
    return x, poison


torch.manual_seed(99)
x, y = collect(2000)
xt, yt = collect(500)
learner = Learner(lr=2e-3)
learner.load_best()
for epoch in range(14):
    losses = [learner.step(x[i], y[i]) for i in torch.randperm(2000).split(50)]
    print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f} train acc {learner.accuracy(x, y):.3f}")
print(f"test acc {learner.accuracy(xt, yt):.3f}")
