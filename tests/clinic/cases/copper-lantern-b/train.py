"""Read a strip of stamped symbols and say which symbol is most frequent on it."""
import argparse
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

GLYPHS = {
    0: ["#####", "#...#", "#...#", "#...#", "#####"],
    1: ["..#..", "..#..", "#####", "..#..", "..#.."],
    2: ["#...#", ".#.#.", "..#..", ".#.#.", "#...#"],
    3: ["..#..", ".###.", "#####", ".###.", "..#.."],
}


def glyph(i):
    return np.array([[c == "#" for c in row] for row in GLYPHS[i]], dtype=np.float32)


class StripDataset(Dataset):
    """Gray strips 8 x 48, six cells of 8 x 8 each."""

    def __init__(self, n, seed):
        rng = np.random.RandomState(seed)
        self.x = np.zeros((n, 1, 8, 48), dtype=np.float32)
        self.y = np.zeros(n, dtype=np.int64)
        for k in range(n):
            main = rng.randint(4)
            others = [g for g in range(4) if g != main]
            cells = [main] * 3 + list(rng.permutation(others))
            rng.shuffle(cells)
            for c, g in enumerate(cells):
                dy, dx = rng.randint(0, 4), rng.randint(0, 4)
                self.x[k, 0, dy:dy + 5, c * 8 + dx:c * 8 + dx + 5] = glyph(g) * rng.uniform(0.7, 1.0)
            self.y[k] = main
        self.x += rng.normal(0, 0.08, self.x.shape).astype(np.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), int(self.y[i])


class BidirectionalLSTM(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.rnn = nn.LSTM(n_in, n_hidden, bidirectional=True, batch_first=True)
        self.embedding = nn.Linear(n_hidden * 2, n_out)

    def forward(self, x):
        recurrent, _ = self.rnn(x)
        a, b, h = recurrent.size()
        out = self.embedding(recurrent.reshape(a * b, h))
        return out.view(a, b, -1)


class CRNN(nn.Module):
    def __init__(self, nh, n_class):
        super().__init__()
        cnn = nn.Sequential()
        nm = [16, 32, 32]
        for i, c in enumerate(nm):
            n_in = 1 if i == 0 else nm[i - 1]
            cnn.add_module(f"conv{i}", nn.Conv2d(n_in, c, 3, 1, 1))
            cnn.add_module(f"batchnorm{i}", nn.BatchNorm2d(c))
            cnn.add_module(f"relu{i}", nn.ReLU(True))
            if i < 2:
                cnn.add_module(f"pool{i}", nn.MaxPool2d(2, 2))
        cnn.add_module("pool2", nn.MaxPool2d((2, 1), (2, 1)))
        self.cnn = cnn
        self.rnn = nn.Sequential(BidirectionalLSTM(nm[-1], nh, nh), BidirectionalLSTM(nh, nh, n_class))

    def forward(self, img):
        conv = self.cnn(img)
        assert conv.size(2) == 1, "the height of conv must be 1"
        conv = conv.squeeze(2)
        conv = conv.permute(2, 0, 1)      # [w, b, c]
        output = self.rnn(conv)
        return output[-1]


def evaluate(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for x, y in loader:
            hit += (model(x).argmax(1) == y).sum().item()
            n += len(y)
    model.train()
    return hit / n


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=11)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--nh", type=int, default=48)
    ap.add_argument("--lr", type=float, default=3e-3)
    opt = ap.parse_args()

    torch.manual_seed(11)
    train = DataLoader(StripDataset(1920, 1), batch_size=opt.batch, shuffle=True, drop_last=True)
    test = DataLoader(StripDataset(512, 2), batch_size=opt.batch)
    crnn = CRNN(opt.nh, 4)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(crnn.parameters(), lr=opt.lr)
    for epoch in range(opt.epochs):
        total = 0.0
        for image, label in train:
            preds = crnn(image)
            cost = criterion(preds, label)
            crnn.zero_grad()
            cost.backward()
            nn.utils.clip_grad_norm_(crnn.parameters(), 5.0)
            optimizer.step()
            total += cost.item()
        print("[%d/%d] loss %.4f  test acc %.3f" % (epoch + 1, opt.epochs, total / len(train), evaluate(crnn, test)))
