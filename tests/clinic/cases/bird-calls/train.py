import numpy as np
import torch
import torch.nn as nn

np.random.seed(5)
torch.manual_seed(5)

T, F_BINS, SPECIES = 24, 10, 5


def synth(n):
    labels = np.random.randint(0, SPECIES, n)
    spec = 0.3 * np.random.randn(n, T, F_BINS).astype(np.float32)
    for i, s in enumerate(labels):
        start = np.random.randint(0, 6)
        for t in range(start, T):
            # each species sweeps with another slope
            pos = (s - 2) * 0.45 * (t - start) + np.random.randint(0, 2)
            spec[i, t, int(pos) % F_BINS] += 1.5
    return torch.tensor(spec), torch.tensor(labels)


class CallEncoder(nn.Module):
    def __init__(self, nbins, hidden, ncls):
        super(CallEncoder, self).__init__()
        self.inp = nn.Linear(nbins, 32)
        self.gru = nn.GRU(32, hidden)
        self.cls = nn.Linear(hidden, ncls)

    def forward(self, spec):
        bsz, steps, nb = spec.size()
        h = torch.tanh(self.inp(spec))
        h = h.view(steps, bsz, -1)      # (time, batch, feat) for the GRU
        _, last = self.gru(h)
        return self.cls(last[0])


class Trainer:
    def __init__(self, model, lr=2e-3):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.lossf = nn.CrossEntropyLoss()

    def fit(self, x, y, epochs=14, bs=40):
        for e in range(epochs):
            self.model.train()
            order = torch.randperm(x.size(0))
            losses = []
            for chunk in order.split(bs):
                self.opt.zero_grad()
                l = self.lossf(self.model(x[chunk]), y[chunk])
                l.backward()
                self.opt.step()
                losses.append(l.item())
            print("epoch", e, "mean loss", round(float(np.mean(losses)), 4))

    @torch.no_grad()
    def score(self, x, y, bs=40):
        self.model.eval()
        hits = [(self.model(xb).argmax(1) == yb).float().sum().item()
                for xb, yb in zip(x.split(bs), y.split(bs))]
        return sum(hits) / len(y)


xtr, ytr = synth(1600)
xte, yte = synth(400)
tr = Trainer(CallEncoder(F_BINS, 64, SPECIES))
tr.fit(xtr, ytr)
print("test acc", tr.score(xte, yte))
