"""Two-layer network with parameters as bare tensors and the descent written out; no torch.optim anywhere."""
import math

import torch

torch.manual_seed(18)


def init(fan_in, fan_out):
    w = torch.randn(fan_in, fan_out) * math.sqrt(2 / fan_in)
    return w.requires_grad_(), torch.zeros(fan_out, requires_grad=True)


def forward(x, params):
    (w1, b1), (w2, b2) = params
    return torch.relu(x @ w1 + b1) @ w2 + b2


def log_likelihood_loss(scores, labels):
    log_z = scores.logsumexp(dim=1)
    return (log_z - scores[range(len(labels)), labels]).mean()


def blobs(n):
    label = torch.randint(0, 5, (n,))
    angle = label * 2 * math.pi / 5
    center = torch.stack([angle.cos(), angle.sin()], 1) * 1.4
    return center + 0.45 * torch.randn(n, 2), label


x_train, y_train = blobs(3000)
x_test, y_test = blobs(600)
params = [init(2, 32), init(32, 5)]
lr, batch = 0.2, 50

for epoch in range(4):
    order = torch.randperm(len(x_train))
    total = 0.0
    for k in range(0, len(order), batch):
        xb, yb = x_train[order[k:k + batch]], y_train[order[k:k + batch]]
        loss = log_likelihood_loss(forward(xb, params), yb)
        loss.backward()
        with torch.no_grad():
            for layer in params:
                for p in layer:
                    p -= lr * p.grad
                    p.grad.zero_()
        total += loss.item()
    with torch.no_grad():
        acc = (forward(x_test, params).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch}: loss {total * batch / len(x_train):.4f}  test accuracy {acc:.3f}")
