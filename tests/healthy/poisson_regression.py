"""Counts of bicycles per hour: Poisson regression, design matrix with its usual column of ones."""
import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(76)
n = 4000
hour, rain, warmth, weekend = rng.uniform(0, 24, n), rng.exponential(1.0, n), rng.normal(0, 1, n), rng.random(n) < 2 / 7
rate = np.exp(1.0 + 0.9 * np.sin((hour - 9) * np.pi / 12) - 0.5 * np.minimum(rain, 3) + 0.4 * warmth - 0.3 * weekend)
count = rng.poisson(rate)

design = np.column_stack([
    np.ones(n),
    np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12),
    np.minimum(rain, 3) - 0.95, warmth, weekend - 2 / 7,
])
X, y = torch.tensor(design, dtype=torch.float32), torch.tensor(count, dtype=torch.float32)
beta = torch.zeros(X.shape[1], requires_grad=True)
optimizer = torch.optim.SGD([beta], lr=0.05, momentum=0.8)


def deviance(log_rate, seen):
    ratio = torch.where(seen > 0, seen * (seen.clamp_min(1).log() - log_rate), torch.zeros(()))
    return 2 * (ratio - seen + log_rate.exp()).mean().item()


torch.manual_seed(76)
null = deviance(y[:3500].mean().log().expand(500), y[3500:])
print(f"deviance of the mean {null:.3f}, of the true rates {deviance(torch.tensor(np.log(rate[3500:]), dtype=torch.float32), y[3500:]):.3f}")
for epoch in range(6):
    for rows in torch.randperm(3500).split(100):
        loss = F.poisson_nll_loss(X[rows] @ beta, y[rows], log_input=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        print(f"epoch {epoch}: loss {loss.item():+.3f}, test deviance {deviance(X[3500:] @ beta, y[3500:]):.3f}, beta {beta.numpy().round(2)}")
