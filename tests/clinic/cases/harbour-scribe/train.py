import argparse
import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

ALPHABET = "ABCDEF"
H, W = 12, 40


def glyphs(seed=3):
    rng = np.random.RandomState(seed)
    return {c: (rng.rand(8, 6) > 0.5).astype("float32") for c in ALPHABET}


class Plates(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        font = glyphs()
        self.items = []
        for _ in range(n):
            k = rng.randint(3, 5)
            text = [rng.choice(ALPHABET) for _ in range(k)]
            img = np.random.RandomState(rng.randint(0, 10**8)).randn(H, W).astype("float32") * 0.1
            x = rng.randint(0, 2)
            for c in text:
                y = rng.randint(0, 4)
                img[y:y + 8, x:x + 6] += font[c]
                x += 7 + rng.randint(0, 1)
                if x > W - 6:
                    x = W - 6
            self.items.append((torch.from_numpy(img)[None], torch.tensor([ALPHABET.index(c) + 1 for c in text])))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    imgs = torch.stack([b[0] for b in batch])
    lens = torch.tensor([len(b[1]) for b in batch])
    return imgs, torch.cat([b[1] for b in batch]), lens


class PlateReader(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d((3, 1)),
        )
        self.rnn = nn.GRU(24 * 2, hidden, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(ALPHABET) + 1)

    def forward(self, x):
        f = self.cnn(x)
        b, c, h, w = f.shape
        f = f.view(w, b, c * h)
        y, _ = self.rnn(f)
        return self.out(y).log_softmax(-1)


def decode(logp):
    best = logp.argmax(-1).t().tolist()
    res = []
    for row in best:
        prev, s = 0, []
        for k in row:
            if k != prev and k != 0:
                s.append(k)
            prev = k
        res.append(s)
    return res


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=3)
    ap.add_argument("--lr", type=float, default=4e-3)
    args = ap.parse_args()
    torch.manual_seed(0)
    train = DataLoader(Plates(1300, 1), batch_size=24, shuffle=True, collate_fn=collate)
    test = DataLoader(Plates(200, 2), batch_size=24, collate_fn=collate)
    net = PlateReader()
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    ctc = nn.CTCLoss(blank=0, zero_infinity=True)
    for ep in range(1, args.epochs + 1):
        net.train()
        tot = 0.0
        for imgs, tgt, lens in train:
            logp = net(imgs)
            inp_lens = torch.full((imgs.size(0),), logp.size(0), dtype=torch.long)
            loss = ctc(logp, tgt, inp_lens, lens)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
            tot += loss.item()
        print(f"epoch {ep:02d}  ctc {tot / len(train):.4f}")
    net.eval()
    good = n = 0
    with torch.no_grad():
        for imgs, tgt, lens in test:
            pred = decode(net(imgs))
            for p, t in zip(pred, tgt.split(lens.tolist())):
                good += p == t.tolist()
                n += 1
    print(f"held-out plates read exactly: {good / n:.3f}")


if __name__ == "__main__":
    main()
