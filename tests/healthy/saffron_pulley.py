"""Knowledge-graph embedding of a small family/geography graph: translation model, sparse tables, hard negatives."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

N_ENT, N_REL, DIM = 400, 8, 24
rng = np.random.default_rng(12)


def build_graph():
    """Entities sit on a hidden 20 x 20 torus-less map; a relation is a fixed displacement."""
    moves = [(1, 0), (0, 1), (2, 1), (-1, 2), (3, 0), (0, -3), (-2, -2), (4, -1)]
    ids = rng.permutation(N_ENT).reshape(20, 20)
    triples = []
    for r, (dx, dy) in enumerate(moves):
        for x in range(20):
            for y in range(20):
                if 0 <= x + dx < 20 and 0 <= y + dy < 20:
                    triples.append((ids[x, y], r, ids[x + dx, y + dy]))
    triples = np.array(triples)
    rng.shuffle(triples)
    cut = int(0.9 * len(triples))
    return torch.tensor(triples[:cut]), torch.tensor(triples[cut:])


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.ent = nn.Embedding(N_ENT, DIM, sparse=True)
        self.rel = nn.Embedding(N_REL, DIM)
        bound = 2 / DIM ** 0.5
        nn.init.uniform_(self.ent.weight, -bound, bound)
        nn.init.uniform_(self.rel.weight, -bound, bound)

    def distance(self, h, r, t):
        return (self.ent(h) + self.rel(r) - self.ent(t)).norm(p=1, dim=-1)

    @torch.no_grad()
    def project(self, rows):
        w = self.ent.weight
        w[rows] = w[rows] / (w[rows].norm(dim=1, keepdim=True) / 3.0).clamp(min=1.0)


def hardest(model, h, r, t, pool=4):
    cand = torch.randint(N_ENT, (len(h), pool))
    with torch.no_grad():
        d = model.distance(h[:, None].expand_as(cand), r[:, None].expand_as(cand), cand)
        d = d.masked_fill(cand == t[:, None], float("inf"))
    return cand.gather(1, d.argmin(1, keepdim=True)).squeeze(1)


@torch.no_grad()
def ranks(model, triples):
    h, r, t = triples.T
    d = (model.ent(h) + model.rel(r))[:, None, :] - model.ent.weight[None]
    d = d.abs().sum(-1)
    rank = (d < d.gather(1, t[:, None])).sum(1) + 1
    return (1.0 / rank).mean().item(), (rank <= 10).float().mean().item()


def main():
    torch.manual_seed(12)
    train, test = build_graph()
    model = Translator()
    opt_ent = torch.optim.SparseAdam([model.ent.weight], lr=0.03)
    opt_rel = torch.optim.Adam([model.rel.weight], lr=0.03)
    print("start  MRR %.3f  hits@10 %.3f" % ranks(model, test))
    for epoch in range(1, 61):
        total = active = 0.0
        for idx in torch.randperm(len(train)).split(128):
            h, r, t = train[idx].T
            model.project(torch.cat([h, t]).unique())
            wrong = hardest(model, h, r, t)
            gap = 1.0 + model.distance(h, r, t) - model.distance(h, r, wrong)
            loss = F.relu(gap).mean()
            for o in (opt_ent, opt_rel):
                o.zero_grad()
            loss.backward()
            for o in (opt_ent, opt_rel):
                o.step()
            total += loss.item() * len(idx) / len(train)
            active += (gap > 0).sum().item() / len(train)
        if epoch % 5 == 0:
            print(f"epoch {epoch:2d} margin loss {total:.3f} active {active:.2f}" + "  MRR %.3f  hits@10 %.3f" % ranks(model, test))


if __name__ == "__main__":
    main()
