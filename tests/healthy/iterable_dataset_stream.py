"""An endless stream of log lines through an IterableDataset; training ends by step count."""
import itertools
import random

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

SERVICES = ["auth", "cart", "mail", "search"]
LEVELS = ["INFO", "WARN", "ERROR"]
CODES = [200, 301, 404, 500, 503]


class LogStream(IterableDataset):
    def __init__(self, seed):
        self.seed = seed

    def __iter__(self):
        rng = random.Random(self.seed)
        while True:
            service, level, code = rng.randrange(4), rng.choices(range(3), (6, 3, 2))[0], rng.choices(range(5), (8, 2, 2, 2, 1))[0]
            latency = rng.lognormvariate(0, 0.6) * (2.0 if CODES[code] >= 500 else 1.0)
            score = 1.2 * (level == 2) + 0.9 * (CODES[code] >= 500) + 0.6 * (service == 0) + 0.5 * (latency > 2) - 1.1
            page = rng.random() < 1 / (1 + 2.718281828 ** (-4 * score))
            yield torch.tensor([service, level, code]), torch.tensor([min(latency, 6.0) - 1.3]), float(page)


class Pager(nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(n, 6) for n in (4, 3, 5)])
        self.mlp = nn.Sequential(nn.Linear(19, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, categories, latency):
        looked_up = [table(categories[:, i]) for i, table in enumerate(self.tables)]
        return self.mlp(torch.cat(looked_up + [latency], dim=1))[:, 0]


if __name__ == "__main__":
    torch.manual_seed(16)
    loader = DataLoader(LogStream(seed=16), batch_size=64)
    check = next(iter(DataLoader(LogStream(seed=999), batch_size=1000)))
    pager = Pager()
    optimizer = torch.optim.Adam(pager.parameters(), lr=5e-3)
    criterion = nn.BCEWithLogitsLoss()
    for step, (categories, latency, page) in enumerate(itertools.islice(loader, 300)):
        loss = criterion(pager(categories, latency), page.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0 or step == 299:
            with torch.no_grad():
                held = criterion(pager(check[0], check[1]), check[2].float()).item()
            print(f"{step:4d} lines x 64: loss {loss.item():.3f}, fresh lines {held:.3f}, base rate {check[2].mean().item():.2f}")
