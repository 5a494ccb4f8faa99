"""Count-like property of small random molecules with a message-passing net; graphs are packed side by side."""
from collections import namedtuple

import torch
import torch.nn as nn

Packed = namedtuple("Packed", "atoms src dst owner n_graphs y")
ATOMS = 4
VALUE = torch.tensor([0.2, -0.5, 0.9, -0.3])


def molecule(g):
    n = int(torch.randint(4, 13, (1,), generator=g))
    kind = torch.randint(ATOMS, (n,), generator=g)
    parent = [int(torch.randint(i, (1,), generator=g)) for i in range(1, n)]
    edges = [(i + 1, p) for i, p in enumerate(parent)]
    if n > 6:
        edges.append((0, n - 1))
    e = torch.tensor(edges)
    src, dst = torch.cat([e[:, 0], e[:, 1]]), torch.cat([e[:, 1], e[:, 0]])
    bond = VALUE[kind[src]] * VALUE[kind[dst]]
    hetero = (kind[src] == 2) & (kind[dst] == 1)
    y = 0.9 * bond.sum() / 2 + 0.8 * hetero.sum() + 0.3 * VALUE[kind].sum()
    return kind, src, dst, y


def pack(mols):
    atoms, src, dst, owner, ys, off = [], [], [], [], [], 0
    for k, (a, s, d, y) in enumerate(mols):
        atoms.append(a); src.append(s + off); dst.append(d + off)
        owner.append(torch.full((len(a),), k)); ys.append(y)
        off += len(a)
    return Packed(torch.cat(atoms), torch.cat(src), torch.cat(dst), torch.cat(owner), len(mols), torch.stack(ys))


class Layer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.msg = nn.Sequential(nn.Linear(2 * d, d), nn.ReLU())
        self.upd = nn.Linear(2 * d, d)

    def forward(self, h, p):
        m = self.msg(torch.cat([h[p.src], h[p.dst]], -1))
        agg = torch.zeros_like(h).index_add(0, p.dst, m)
        return h + torch.relu(self.upd(torch.cat([h, agg], -1)))


class MolNet(nn.Module):
    def __init__(self, d=32, depth=2):
        super().__init__()
        self.embed = nn.Embedding(ATOMS, d)
        self.layers = nn.ModuleList([Layer(d) for _ in range(depth)])
        self.site = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1))

    def forward(self, p):
        h = self.embed(p.atoms)
        for layer in self.layers:
            h = layer(h, p)
        return torch.zeros(p.n_graphs).index_add(0, p.owner, self.site(h).squeeze(-1))


class HeavyBall:
    """v <- beta v + g ;  w <- w - lr v.   v lives in .grad itself, so no second buffer is needed."""

    def __init__(self, params, lr, beta):
        self.params, self.lr, self.beta = list(params), lr, beta

    @torch.no_grad()
    def fade(self):
        for w in self.params:
            if w.grad is not None:
                w.grad.mul_(self.beta)

    @torch.no_grad()
    def move(self, lr):
        for w in self.params:
            w.sub_(lr * w.grad)


gen = torch.Generator().manual_seed(40)
torch.manual_seed(40)
train = [molecule(gen) for _ in range(1600)]
test = pack([molecule(gen) for _ in range(500)])
mean, std = torch.stack([m[3] for m in train]).mean(), torch.stack([m[3] for m in train]).std()

net = MolNet()
ball = HeavyBall(net.parameters(), lr=3e-3, beta=0.9)
EPOCHS, BATCH = 20, 40
for epoch in range(EPOCHS):
    lr = ball.lr * (1 - 0.9 * epoch / EPOCHS)
    order, total = torch.randperm(len(train)).tolist(), 0.0
    for i in range(0, len(order), BATCH):
        p = pack([train[j] for j in order[i:i + BATCH]])
        loss = (net(p) - (p.y - mean) / std).pow(2).mean()
        ball.fade()
        loss.backward()
        ball.move(lr)
        total += loss.item() * p.n_graphs / len(train)
    with torch.no_grad():
        err = net(test) - (test.y - mean) / std
    print(f"epoch {epoch + 1:2d}  train mse {total:.4f}  test mse {err.pow(2).mean():.4f}  "
          f"(constant guess {((test.y - mean) / std).var():.3f})")
