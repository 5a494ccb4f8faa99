import argparse
import numpy as np
import torch
from torch import nn


def build_data(rng, n, n_tags=12, side=12):
    """Every tag stamps its own small pattern into the picture."""
    stamps = np.random.RandomState(3).randn(n_tags, 4, 4).astype("float32") * 1.6
    pos = [(r, c) for r in (0, 4, 8) for c in (0, 4, 8)]
    y = (rng.rand(n, n_tags) < 0.15).astype("float32")
    x = rng.randn(n, 1, side, side).astype("float32") * 0.4
    for i in range(n):
        for t in np.flatnonzero(y[i]):
            r, c = pos[rng.randint(len(pos))]
            x[i, 0, r:r + 4, c:c + 4] += stamps[t]
    return torch.from_numpy(x), torch.from_numpy(y)


class Tagger(nn.Module):
    def __init__(self, n_tags):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 4, stride=4), nn.ReLU(),
            nn.Conv2d(32, 48, 1), nn.ReLU(),
        )
        self.head = nn.Linear(48, n_tags)

    def forward(self, img):
        h = self.features(img).amax(dim=(2, 3))
        return torch.sigmoid(self.head(h))


def micro_f1(prob, y):
    hit = (prob > 0.5).float()
    tp = (hit * y).sum()
    return (2 * tp / (hit.sum() + y.sum()).clamp(min=1)).item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=25)
    ap.add_argument("--batch-size", type=int, default=50)
    ap.add_argument("--lr", type=float, default=2e-3)
    args = ap.parse_args()
    torch.manual_seed(0)
    rng = np.random.RandomState(0)
    xtr, ytr = build_data(rng, 2000)
    xte, yte = build_data(rng, 400)
    model = Tagger(ytr.shape[1])
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    crit = nn.BCEWithLogitsLoss()
    for ep in range(args.epochs):
        order = torch.randperm(len(xtr))
        tot = 0.0
        for k in range(0, len(xtr), args.batch_size):
            idx = order[k:k + args.batch_size]
            opt.zero_grad()
            scores = model(xtr[idx])
            loss = crit(scores, ytr[idx])
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        print(f"[{ep:02d}] bce={tot / len(xtr):.4f}")
    model.eval()
    with torch.no_grad():
        prob = torch.sigmoid(model(xte))
    print(f"held-out micro F1 = {micro_f1(prob, yte):.3f}")


if __name__ == "__main__":
    main()
