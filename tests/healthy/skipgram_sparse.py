"""Skip-gram with negative sampling, sparse embedding gradients and SparseAdam."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(157)
rng = np.random.default_rng(157)
WORDS, CIRCLES, NEGATIVES = 200, 10, 5
circle = rng.integers(CIRCLES, size=WORDS)
members = [np.flatnonzero(circle == c) for c in range(CIRCLES)]


def stream(n):
    """Centre word and a neighbour, mostly out of the same circle."""
    centre = rng.integers(WORDS, size=n)
    near = np.array([rng.choice(members[circle[w]]) for w in centre])
    far = rng.random(n) < 0.2
    near[far] = rng.integers(WORDS, size=far.sum())
    return torch.from_numpy(centre), torch.from_numpy(near)


class SkipGram(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.u, self.v = nn.Embedding(WORDS, dim, sparse=True), nn.Embedding(WORDS, dim, sparse=True)
        nn.init.normal_(self.u.weight, std=0.3)
        nn.init.normal_(self.v.weight, std=0.3)

    def forward(self, centre, near, negative):
        u, v, n = self.u(centre), self.v(near), self.v(negative)
        positive_score = (u * v).sum(1)
        negative_score = torch.bmm(n, u.unsqueeze(2)).squeeze(2)
        return -(F.logsigmoid(positive_score) + F.logsigmoid(-negative_score).sum(1)).mean()


@torch.no_grad()
def purity(model):
    """Share of the five nearest words that are from the same circle."""
    e = F.normalize(model.u.weight, dim=1)
    sim = e @ e.T
    sim.fill_diagonal_(-2)
    near = sim.topk(5).indices.numpy()
    return (circle[near] == circle[:, None]).mean()


model = SkipGram()
optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.03)
print(f"untrained purity {purity(model):.3f}")
for step in range(1, 301):
    centre, near = stream(256)
    negative = torch.randint(0, WORDS, (256, NEGATIVES))
    loss = model(centre, near, negative)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.3f}, purity {purity(model):.3f}")
