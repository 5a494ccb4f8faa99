"""CRNN for stamped part codes: convolutions over the strip, then a BiLSTM over its columns.

The stamp comes in two alphabets; the first glyph of a strip says which one is in use, and the same
shape stands for different letters in the two.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

GLYPHS, SLOTS, SIZE = 8, 5, 8


class Strips:
    def __init__(self, seed=11):
        self.rng = np.random.default_rng(seed)
        self.shapes = (self.rng.random((GLYPHS + 2, SIZE, SIZE)) > 0.5).astype('float32')
        first = self.rng.permutation(GLYPHS)
        self.order = [first, np.roll(first, 3)]

    def draw(self, n):
        img = np.zeros((n, 1, SIZE, SIZE * (SLOTS + 1)), 'float32')
        lab = np.zeros((n, SLOTS), 'int64')
        for i in range(n):
            alphabet = self.rng.integers(2)
            img[i, 0, :, :SIZE] = self.shapes[GLYPHS + alphabet]
            for s in range(SLOTS):
                g = self.rng.integers(GLYPHS)
                img[i, 0, :, SIZE * (s + 1):SIZE * (s + 2)] = self.shapes[g]
                lab[i, s] = self.order[alphabet][g]
        img += 0.2 * self.rng.standard_normal(img.shape).astype('float32')
        return torch.from_numpy(img - 0.5), torch.from_numpy(lab)


class CRNN(nn.Module):
    def __init__(self, nh=48):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2, 2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(True), nn.MaxPool2d(2, 2),
            nn.Conv2d(32, 48, 2, stride=2), nn.ReLU(True))
        self.rnn = nn.LSTM(48, nh, bidirectional=True, batch_first=True)
        self.embedding = nn.Linear(nh * 2, GLYPHS)

    def forward(self, x):
        conv = self.cnn(x)                                  # b, c, 1, w
        conv = conv.squeeze(2).permute(2, 0, 1)             # w, b, c
        recurrent, _ = self.rnn(conv)
        T, b, h = recurrent.size()
        return self.embedding(recurrent.reshape(T * b, h)).view(T, b, -1)


def main():
    torch.manual_seed(5)
    strips = Strips()
    x_val, y_val = strips.draw(300)
    x_tr, y_tr = strips.draw(2500)
    net = CRNN()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for it in range(1, 301):
        pick = torch.randint(0, len(x_tr), (40,))
        preds = net(x_tr[pick])[1:]                          # first column is the alphabet mark
        cost = F.cross_entropy(preds.permute(1, 2, 0), y_tr[pick])
        net.zero_grad()
        cost.backward()
        opt.step()
        if it % 50 == 0:
            print(f'iter {it:4d}  cost {cost.item():.4f}')
    net.eval()
    with torch.no_grad():
        hit = (net(x_val)[1:].argmax(-1).t() == y_val).float().mean()
    print(f'validation letter accuracy {hit:.3f} (8 letters)')


if __name__ == '__main__':
    main()
