import torch
import torch.nn as nn
import torch.nn.functional as F
from dataclasses import dataclass


@dataclass
class Config:
    nodes: int = 1500
    classes: int = 6
    words: int = 240
    hidden: int = 8
    layers: int = 2
    lr: float = 0.01
    weight_decay: float = 2e-3
    steps: int = 300
    seed: int = 5


def citation_graph(cfg):
    g = torch.Generator().manual_seed(cfg.seed)
    y = torch.randint(0, cfg.classes, (cfg.nodes,), generator=g)
    same = (y[:, None] == y[None, :]).float()
    prob = 0.006 * same + 0.0012 * (1 - same)
    upper = torch.triu((torch.rand(cfg.nodes, cfg.nodes, generator=g) < prob).float(), diagonal=1)
    a = upper + upper.T + torch.eye(cfg.nodes)
    d = a.sum(1).rsqrt()
    a = d[:, None] * a * d[None, :]
    topic = torch.rand(cfg.classes, cfg.words, generator=g)
    rate = 0.03 + 0.17 * (topic > 0.9).float()
    x = (torch.rand(cfg.nodes, cfg.words, generator=g) < rate[y]).float()
    x = x / x.sum(1, keepdim=True).clamp(min=1) * 6
    order = torch.randperm(cfg.nodes, generator=g)
    return x, a.to_sparse(), y, order[:700], order[700:]


class GraphConv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out)

    def forward(self, x, adj):
        return torch.sparse.mm(adj, self.lin(x))


class GCN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        dims = [cfg.words] + [cfg.hidden] * cfg.layers
        self.convs = [GraphConv(i, o) for i, o in zip(dims[:-1], dims[1:])]
        self.out = nn.Linear(cfg.hidden, cfg.classes)

    def forward(self, x, adj):
        for conv in self.convs:
            x = torch.relu(conv(x, adj))
        return self.out(x)


def accuracy(logits, y, idx):
    return (logits[idx].argmax(1) == y[idx]).float().mean().item()


def run(cfg):
    torch.manual_seed(cfg.seed)
    x, adj, y, train_idx, test_idx = citation_graph(cfg)
    model = GCN(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
    for step in range(1, cfg.steps + 1):
        model.train()
        opt.zero_grad()
        loss = F.cross_entropy(model(x, adj)[train_idx], y[train_idx])
        loss.backward()
        opt.step()
        if step % 25 == 0:
            model.eval()
            with torch.no_grad():
                logits = model(x, adj)
            print(f"{step:4d} | loss {loss.item():.4f} | train {accuracy(logits, y, train_idx):.3f} | test {accuracy(logits, y, test_idx):.3f}")


if __name__ == "__main__":
    run(Config())
