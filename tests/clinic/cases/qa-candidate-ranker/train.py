"""Ranks 60 candidate answers for a question; trained with cross entropy over the candidates."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument('--candidates', type=int, default=60)
parser.add_argument('--dim', type=int, default=24)
parser.add_argument('--batch', type=int, default=32)
parser.add_argument('--steps', type=int, default=300)
parser.add_argument('--lr', type=float, default=0.04)
args = parser.parse_args()
torch.manual_seed(100)

MIX = torch.randn(args.dim, args.dim) / args.dim ** 0.5


def sample(n):
    cands = torch.randn(n, args.candidates, args.dim)
    answer = torch.randint(0, args.candidates, (n,))
    question = cands[torch.arange(n), answer] @ MIX + 0.25 * torch.randn(n, args.dim)
    return question, cands, answer


class Ranker(nn.Module):
    def __init__(self, dim, hidden=64):
        super().__init__()
        self.query = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim))
        self.key = nn.Linear(dim, dim)

    def forward(self, question, cands):
        q = self.query(question).unsqueeze(1)
        scores = (q * self.key(cands)).sum(-1) / cands.size(-1) ** 0.5
        return F.softmax(scores, dim=-1)


ranker = Ranker(args.dim)
criterion = nn.CrossEntropyLoss()
optim = torch.optim.SGD(ranker.parameters(), lr=args.lr, momentum=0.9, nesterov=True)

for step in range(args.steps):
    q, c, a = sample(args.batch)
    optim.zero_grad()
    out = ranker(q, c)
    loss = criterion(out, a)
    loss.backward()
    optim.step()
    if step % 50 == 0:
        print('step', step, 'loss', round(loss.item(), 4))

with torch.no_grad():
    q, c, a = sample(500)
    print(f'hits@1 {(ranker(q, c).argmax(1) == a).float().mean():.3f} (1 of {args.candidates})')
