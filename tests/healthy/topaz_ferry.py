import copy
from dataclasses import dataclass, field
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Settings:
    clients: int = 12
    per_round: int = 5
    rounds: int = 40
    local_epochs: int = 2
    batch: int = 20
    lr: float = 0.05
    concentration: float = 0.5
    seed: int = 6
    features: int = 20
    classes: int = 5
    hidden: List[int] = field(default_factory=lambda: [48])


class Client:
    def __init__(self, x, y, cfg):
        self.x, self.y, self.cfg = x, y, cfg

    def train(self, server_net):
        net = copy.deepcopy(server_net)
        opt = torch.optim.SGD(net.parameters(), lr=self.cfg.lr, momentum=0.5)
        last = 0.0
        for _ in range(self.cfg.local_epochs):
            for idx in torch.randperm(len(self.x)).split(self.cfg.batch):
                opt.zero_grad()
                loss = F.cross_entropy(net(self.x[idx]), self.y[idx])
                loss.backward()
                opt.step()
                last = loss.item()
        return net.state_dict(), len(self.x), last


class Server:
    def __init__(self, net):
        self.net = net

    def merge(self, updates):
        total = sum(n for _, n, _ in updates)
        merged = {}
        for key in self.net.state_dict():
            merged[key] = sum(sd[key] * (n / total) for sd, n, _ in updates)
        self.net.load_state_dict(merged)

    def accuracy(self, x, y):
        with torch.no_grad():
            return (self.net(x).argmax(1) == y).float().mean().item()


def sample(n, cfg, g, prior=None):
    proto = torch.Generator().manual_seed(1000 + cfg.seed)
    means = torch.randn(cfg.classes, 2, cfg.features, generator=proto) * 0.9
    prior = torch.ones(cfg.classes) if prior is None else prior
    y = torch.multinomial(prior, n, replacement=True, generator=g)
    lobe = torch.randint(2, (n,), generator=g)
    return means[y, lobe] + 1.1 * torch.randn(n, cfg.features, generator=g), y


def mlp(cfg):
    dims, layers = [cfg.features, *cfg.hidden], []
    for a, b in zip(dims, dims[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(dims[-1], cfg.classes))


def main():
    cfg = Settings()
    torch.manual_seed(cfg.seed)
    g = torch.Generator().manual_seed(cfg.seed)
    mix = torch.distributions.Dirichlet(torch.full((cfg.classes,), cfg.concentration))
    clients = []
    for _ in range(cfg.clients):
        n = int(torch.randint(80, 240, (1,), generator=g))
        clients.append(Client(*sample(n, cfg, g, mix.sample()), cfg))
    xt, yt = sample(1500, cfg, g)
    server = Server(mlp(cfg))
    print(f"round  0  accuracy {server.accuracy(xt, yt):.3f}")
    for r in range(1, cfg.rounds + 1):
        chosen = torch.randperm(cfg.clients)[:cfg.per_round].tolist()
        updates = [clients[c].train(server.net) for c in chosen]
        server.merge(updates)
        if r % 4 == 0:
            print(f"round {r:2d}  clients {chosen}  last local losses {[round(u[2], 2) for u in updates]}"
                  f"  accuracy {server.accuracy(xt, yt):.3f}")


if __name__ == "__main__":
    main()
