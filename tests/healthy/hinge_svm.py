"""Linear support vector machine on random Fourier features, labels -1 and +1, weight decay as the margin."""
import numpy as np
import torch

rng = np.random.default_rng(151)
n = 3000
points = rng.normal(0, 1, (n, 2))
side = np.sign(np.sin(1.5 * points[:, 0]) - 0.8 * points[:, 1] + 0.1 * rng.normal(0, 1, n))
side[side == 0] = 1
omega, phase = rng.normal(0, 1.2, (2, 100)), rng.uniform(0, 2 * np.pi, 100)
features = torch.tensor(np.sqrt(2) * np.cos(points @ omega + phase), dtype=torch.float32)
side = torch.tensor(side, dtype=torch.float32)


class LinearSVM(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.w = torch.nn.Linear(dim, 1)
        torch.nn.init.zeros_(self.w.weight)
        torch.nn.init.zeros_(self.w.bias)

    def forward(self, x):
        return self.w(x).flatten()


def hinge(score, label):
    return torch.clamp(1 - label * score, min=0).mean()


svm = LinearSVM(100)
optimizer = torch.optim.SGD(svm.parameters(), lr=0.05, weight_decay=1e-3)
train, test = np.arange(2500), np.arange(2500, n)
for epoch in range(5):
    rng.shuffle(train)
    for start in range(0, 2500, 50):
        idx = train[start:start + 50]
        loss = hinge(svm(features[idx]), side[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        score = svm(features[test])
        acc = (score.sign() == side[test]).float().mean().item()
        support = (side[train] * svm(features[train]) < 1).float().mean().item()
    print(f"epoch {epoch}: test hinge {hinge(score, side[test]).item():.3f}, accuracy {acc:.3f}, support vectors {support:.0%}, |w| {svm.w.weight.norm().item():.2f}")
