import random
import torch
import torch.nn as nn

LETTERS = "abcdefgh()"


def balanced(rng, n):
    depth, s = 0, []
    for i in range(n):
        r = rng.random()
        if r < 0.3:
            s.append("("); depth += 1
        elif r < 0.6 and depth:
            s.append(")"); depth -= 1
        else:
            s.append(rng.choice("abcdefgh"))
    return "".join(s), min(depth, 3)


def encode(s):
    return torch.tensor([LETTERS.index(c) for c in s])


class CharReader(nn.Module):
    def __init__(self, hidden=40, out=4):
        super().__init__()
        self.hidden = hidden
        self.table = nn.Embedding(len(LETTERS), 16)
        self.cell = nn.GRUCell(16, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.top = nn.Linear(hidden, out)

    def init_hidden(self, n):
        return torch.zeros(n, self.hidden)

    def forward(self, ids):
        x = self.table(ids)
        for t in range(ids.shape[1]):
            h = self.init_hidden(ids.shape[0])
            h = self.cell(x[:, t], h)
        return self.top(self.norm(h))


rng = random.Random(6)
torch.manual_seed(6)
pool = [balanced(rng, 14) for _ in range(5000)]
X = torch.stack([encode(s) for s, _ in pool]); Y = torch.tensor([d for _, d in pool])
Xtr, Ytr, Xte, Yte = X[:4300], Y[:4300], X[4300:], Y[4300:]
net = CharReader()
opt = torch.optim.RMSprop(net.parameters(), lr=4e-3)
lossf = nn.CrossEntropyLoss()
for epoch in range(6):
    net.train()
    s = 0.0
    order = torch.randperm(len(Xtr))
    for i in range(0, len(order), 64):
        j = order[i:i + 64]
        opt.zero_grad()
        l = lossf(net(Xtr[j]), Ytr[j])
        l.backward()
        nn.utils.clip_grad_value_(net.parameters(), 1.0)
        opt.step()
        s += l.item() * len(j)
    print("Epoche", epoch + 1, "Verlust", round(s / len(order), 4))
net.eval()
with torch.no_grad():
    print("Testgenauigkeit", round((net(Xte).argmax(1) == Yte).float().mean().item(), 4), "häufigste Klasse", round((Yte == Yte.mode().values).float().mean().item(), 4))
