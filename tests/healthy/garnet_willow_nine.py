import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

V, T = 24, 40
rng = np.random.default_rng(59)
freq = 1 / np.arange(1, V + 1) ** 0.8
freq /= freq.sum()
reply = {20: 3, 21: 9, 22: 15, 23: 5}


def text(n):
    t = rng.choice(V, size=(n, T + 1), p=freq)
    for a, b in reply.items():
        rows, cols = np.nonzero(t[:, :-1] == a)
        t[rows, cols + 1] = b
    return torch.from_numpy(t)


class LM(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, t):
        return self.out(self.rnn(self.emb(t))[0])


torch.manual_seed(0)
held = text(300)
count = torch.bincount(held[:, 1:].flatten(), minlength=V).float()
p = count / count.sum()
unigram = -(p * p.clamp_min(1e-9).log()).sum().item()
after = held[:, :-1] >= 20
model = LM()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(301):
    b = text(32)
    loss = F.cross_entropy(model(b[:, :-1]).transpose(1, 2), b[:, 1:])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            o = model(held[:, :-1])
            h = F.cross_entropy(o.transpose(1, 2), held[:, 1:]).item()
            ok = (o.argmax(-1) == held[:, 1:])[after].float().mean().item()
        print(f"step {step} loss {loss.item():.3f} held-out {h:.3f} (frequencies alone {unigram:.3f}) acc after a cue {ok:.3f}")
