"""Learning to rank: all pairs of one query's documents are compared, so documents of a query do belong together."""
import torch
from torch import nn

torch.manual_seed(137)
DOCS, FEATURES = 12, 10
wish = torch.randn(FEATURES)


def query():
    mood = torch.randn(1, FEATURES) * 0.8             # shared by all documents of the query
    docs = torch.randn(DOCS, FEATURES)
    relevance = docs @ wish / FEATURES ** 0.5 + docs[:, 0] * docs[:, 1] * 0.5 + 0.2 * torch.randn(DOCS)
    return docs + mood * 0.2, torch.bucketize(relevance, torch.tensor([-0.8, 0.3, 1.2]))


class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, docs):
        return self.mlp(docs).squeeze(-1)


def ranknet_loss(score, grade):
    ahead = score.unsqueeze(1) - score.unsqueeze(0)          # (docs, docs)
    better = grade.unsqueeze(1) > grade.unsqueeze(0)
    return nn.functional.softplus(-ahead)[better].mean()


@torch.no_grad()
def ndcg(scorer, queries, k=5):
    discount = 1 / torch.log2(torch.arange(k).float() + 2)
    values = []
    for docs, grade in queries:
        gain = 2.0 ** grade - 1
        got = (gain[scorer(docs).argsort(descending=True)[:k]] * discount).sum()
        values.append(got / (gain.sort(descending=True).values[:k] * discount).sum().clamp_min(1e-6))
    return torch.stack(values).mean().item()


scorer = Scorer()
optimizer = torch.optim.Adam(scorer.parameters(), lr=3e-3)
held_out = [query() for _ in range(80)]
print(f"untrained NDCG@5 {ndcg(scorer, held_out):.3f}")
for step in range(1, 251):
    losses = [ranknet_loss(scorer(docs), grade) for docs, grade in (query() for _ in range(6)) if grade.unique().numel() > 1]
    loss = torch.stack(losses).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.4f}, NDCG@5 {ndcg(scorer, held_out):.3f}")
