import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import IterableDataset, DataLoader


class Claims(IterableDataset):
    """Endless stream of claims; one in forty is a hit."""

    def __init__(self, seed, rate):
        self.seed, self.rate = seed, rate

    def chunk(self, rng, n):
        hit = rng.random(n) < self.rate
        x = rng.normal(size=(n, 10))
        x[:, :3] += 0.95 * hit[:, None]
        return torch.tensor(x, dtype=torch.float32), torch.tensor(hit, dtype=torch.float32)

    def __iter__(self):
        rng = np.random.default_rng(self.seed)
        while True:
            yield self.chunk(rng, 256)


class ClaimClassifier:
    def __init__(self, hidden=24, lr=3e-3, max_steps=600, boost=1.0):
        self.hidden, self.lr, self.max_steps, self.boost = hidden, lr, max_steps, boost

    def fit(self, stream):
        self.net_ = nn.Sequential(nn.Linear(10, self.hidden), nn.ReLU(), nn.Linear(self.hidden, 1), nn.Flatten(0))
        crit = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(self.boost))
        opt = torch.optim.RMSprop(self.net_.parameters(), lr=self.lr)
        for step, (x, y) in enumerate(DataLoader(stream, batch_size=None), 1):
            loss = crit(self.net_(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            if step % 100 == 0:
                with torch.no_grad():
                    acc = ((self.net_(x) > 0) == (y > 0.5)).float().mean()
                print(f"step {step}  loss {loss.item():.4f}  accuracy {acc:.3f}")
            if step == self.max_steps:
                return self

    @torch.no_grad()
    def predict(self, x):
        return (self.net_(x) > 0).float()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rate", type=float, default=0.025)
    ap.add_argument("--boost", type=float, default=1.0)
    ap.add_argument("--steps", type=int, default=600)
    a = ap.parse_args()
    torch.manual_seed(0)
    model = ClaimClassifier(max_steps=a.steps, boost=a.boost).fit(Claims(1, a.rate))
    x, y = Claims(2, a.rate).chunk(np.random.default_rng(77), 20000)
    p = model.predict(x)
    recall = p[y == 1].mean().item()
    spec = 1 - p[y == 0].mean().item()
    print(f"final test recall {recall:.3f}  specificity {spec:.3f}  balanced {(recall + spec) / 2:.3f}")


if __name__ == "__main__":
    main()
