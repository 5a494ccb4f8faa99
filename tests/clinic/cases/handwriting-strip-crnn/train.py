import torch
import torch.nn as nn

torch.manual_seed(33)
SYMBOLS, COLS, H = 6, 8, 6
glyphs = torch.randn(SYMBOLS, H, 4)


def strips(n):
    """Each strip shows 8 symbols; the label is the symbol that occurs most often."""
    label = torch.randint(0, SYMBOLS, (n,))
    sym = torch.randint(0, SYMBOLS, (n, COLS))
    for i in range(n):
        places = torch.randperm(COLS)[:5]
        sym[i, places] = label[i]
    img = glyphs[sym].permute(0, 2, 1, 3).reshape(n, 1, H, COLS * 4)
    return img + 0.5 * torch.randn(n, 1, H, COLS * 4), label


class StripReader(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 24, (H, 4), stride=(H, 4)), nn.ReLU())
        self.rnn = nn.GRU(24, 32)
        self.out = nn.Linear(32, SYMBOLS)

    def forward(self, img):
        f = self.conv(img).squeeze(2)
        b, c, w = f.size()
        seq = f.reshape(w, b, c)
        h, _ = self.rnn(seq)
        return self.out(h[-1])


class Loop:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.ce = nn.CrossEntropyLoss()

    def fit(self, x, y, epochs, bs):
        for e in range(epochs):
            tot = 0.0
            for i in torch.randperm(len(x)).split(bs):
                loss = self.ce(self.model(x[i]), y[i])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                tot += loss.item() * len(i)
            print(e, f'{tot / len(x):.4f}')

    @torch.no_grad()
    def score(self, x, y, bs):
        return sum((self.model(a).argmax(1) == b).sum().item() for a, b in zip(x.split(bs), y.split(bs))) / len(y)


loop = Loop(StripReader(), 5e-3)
x, y = strips(2000)
loop.fit(x, y, 6, 40)
print(f'test accuracy {loop.score(*strips(400), 40):.3f} ({SYMBOLS} symbols)')
