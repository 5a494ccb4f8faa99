"""Plain recurrence over 40 steps with the gradient clipped, SGD; the class of a random walk."""
import torch
from torch import nn

torch.manual_seed(24)


class VanillaRNN(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.U = nn.Parameter(torch.randn(n_in, n_hidden) * 0.3)
        self.W = nn.Parameter(torch.eye(n_hidden) * 0.95)
        self.b = nn.Parameter(torch.zeros(n_hidden))
        self.V = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        h = torch.zeros(x.shape[0], self.W.shape[0])
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ self.U + h @ self.W + self.b)
        return self.V(h)


def walks(n, steps=40):
    """Did the walk end high, low, or in between? Increments are the input."""
    step = torch.randn(n, steps) * 0.5 + 0.12 * torch.randn(n, 1)
    end = step.sum(1)
    return step.unsqueeze(-1) * 2, (end > -1.4).long() + (end > 1.4).long()


class Runner(object):
    def __init__(self, model, clip=1.0, lr=0.01):
        self.model, self.clip = model, clip
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.loss_fn = nn.CrossEntropyLoss()
        self.norms = []

    def train(self, steps, log_every):
        x_dev, y_dev = walks(500)
        for step in range(1, steps + 1):
            x, y = walks(64)
            loss = self.loss_fn(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.norms.append(float(nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)))
            self.optimizer.step()
            if step == 1 or step % log_every == 0:
                with torch.no_grad():
                    acc = (self.model(x_dev).argmax(1) == y_dev).float().mean().item()
                print(f"[Train] step {step}, loss {loss.item():.4f}, norm before clipping {self.norms[-1]:.2f}, dev accuracy {acc:.3f}")


Runner(VanillaRNN(1, 24, 3)).train(steps=300, log_every=50)
