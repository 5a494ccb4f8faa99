"""Ordered grades A to E by cumulative logits: one score, four thresholds that stay in order."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(101)
GRADES = 5


def essays(n):
    x = torch.randn(n, 10)
    quality = x[:, 0] + 0.7 * torch.tanh(2 * x[:, 1]) - 0.5 * x[:, 2] * x[:, 3] + 0.3 * torch.randn(n)
    return x, torch.bucketize(quality, torch.tensor([-1.4, -0.4, 0.5, 1.3]))


class OrdinalNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 1, bias=False))
        self.first = nn.Parameter(torch.tensor(-1.5))
        self.gaps = nn.Parameter(torch.full((GRADES - 2,), 0.5))

    def thresholds(self):
        return torch.cat([self.first.view(1), self.first + F.softplus(self.gaps).cumsum(0)])

    def forward(self, x):
        return self.score(x) - self.thresholds()          # (batch, 1) against (4,): a logit for "better than k"


def cumulative_loss(logits, grade):
    better = (grade.unsqueeze(1) > torch.arange(GRADES - 1)).float()
    return F.binary_cross_entropy_with_logits(logits, better, reduction="none").sum(1).mean()


net = OrdinalNet()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
x_test, grade_test = essays(1000)
for step in range(301):
    x, grade = essays(50)
    loss = cumulative_loss(net(x), grade)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            said = (net(x_test) > 0).sum(1)
            off = (said - grade_test).abs().float().mean().item()
        print(f"step {step:3d}: loss {loss.item():.3f}, on average {off:.2f} grades off, thresholds {[round(t, 2) for t in net.thresholds().tolist()]}")
