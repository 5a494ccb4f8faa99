import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(4)
K, SIDE = 6, 14
DIM = SIDE * SIDE

coarse = torch.randn(K, 2, 1, 4, 4)
protos = F.interpolate(coarse.view(-1, 1, 4, 4), size=(SIDE, SIDE), mode="bicubic").view(K, 2, DIM)


def draw(n):
    y = torch.randint(K, (n,))
    style = torch.randint(2, (n,))
    x = protos[y, style] * (0.7 + 0.6 * torch.rand(n, 1)) + 0.6 * torch.randn(n, DIM)
    return x, y


def stamp(x, y):
    return torch.cat([2.5 * F.one_hot(y, K).float(), x], dim=1)


class Stage(nn.Linear):
    def __init__(self, n_in, n_out, lr, theta=2.0):
        super().__init__(n_in, n_out)
        self.opt = torch.optim.Adam(self.parameters(), lr=lr)
        self.theta = theta

    def forward(self, x):
        x = x / (x.norm(dim=1, keepdim=True) + 1e-4) * x.shape[1] ** 0.5
        return F.relu(super().forward(x))

    def teach(self, good, bad):
        g = self(good).pow(2).mean(1)
        b = self(bad).pow(2).mean(1)
        loss = F.softplus(torch.cat([self.theta - g, b - self.theta])).mean()
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        with torch.no_grad():
            return self(good), self(bad), loss.item()


stages = [Stage(K + DIM, 320, 2e-3), Stage(320, 256, 4e-3)]


@torch.no_grad()
def predict(x):
    votes = []
    for c in range(K):
        h = stamp(x, torch.full((len(x),), c))
        total = 0.0
        for stage in stages:
            h = stage(h)
            total = total + h.pow(2).mean(1)
        votes.append(total)
    return torch.stack(votes, 1).argmax(1)


test_x, test_y = draw(1000)
train_x, train_y = draw(8000)
print(f"start acc {(predict(test_x) == test_y).float().mean():.3f}")
for step in range(1, 401):
    i = torch.randint(len(train_x), (128,))
    wrong = (train_y[i] + torch.randint(1, K, (128,))) % K
    good, bad = stamp(train_x[i], train_y[i]), stamp(train_x[i], wrong)
    report = []
    for stage in stages:
        good, bad, value = stage.teach(good, bad)
        report.append(f"{value:.3f}")
    if step % 80 == 0:
        acc = (predict(test_x) == test_y).float().mean()
        print(step, "layer losses", *report, f"acc {acc:.3f}")
