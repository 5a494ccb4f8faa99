"""Mixture of Gaussians by gradient ascent on the log likelihood: the optimizer maximises."""
import math

import torch

torch.manual_seed(107)
true_mean = torch.tensor([[-2.0, 0.0], [1.5, 1.5], [1.0, -2.0]])
true_std = torch.tensor([0.5, 0.8, 0.4])


def draw(n):
    k = torch.multinomial(torch.tensor([0.3, 0.5, 0.2]), n, replacement=True)
    return true_mean[k] + true_std[k, None] * torch.randn(n, 2)


weights = torch.zeros(3, requires_grad=True)
mean = (0.5 * torch.randn(3, 2)).requires_grad_()
log_std = torch.zeros(3, requires_grad=True)
ascent = torch.optim.Adam([weights, mean, log_std], lr=0.05, maximize=True)


def log_likelihood(x):
    square = ((x[:, None] - mean) ** 2).sum(-1)
    component = -0.5 * square / (2 * log_std).exp() - 2 * log_std - math.log(2 * math.pi)
    return torch.logsumexp(component + weights.log_softmax(0), dim=1).mean()


unseen = draw(2000)
for step in range(301):
    objective = log_likelihood(draw(100))
    ascent.zero_grad()
    objective.backward()
    ascent.step()
    if step % 50 == 0:
        with torch.no_grad():
            print(f"step {step:3d}: log likelihood {objective.item():+.3f}, unseen {log_likelihood(unseen).item():+.3f}")
print("means", [[round(v, 2) for v in m] for m in mean.tolist()])
print("shares", [round(w, 2) for w in weights.softmax(0).tolist()])
