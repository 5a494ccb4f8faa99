# skip-gram with negative sampling; sparse gradients, SparseAdam, nothing but embeddings
import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(3)
TOPICS, PER = 10, 20
V = TOPICS * PER
corpus = []
for _ in range(3000):
    t = torch.randint(TOPICS, (1,)).item()
    w = torch.randint(PER, (8,)) + t * PER
    noise = torch.randint(V, (8,))
    corpus.append(torch.where(torch.rand(8) < 0.15, noise, w))
corpus = torch.stack(corpus)
pairs = torch.stack([corpus[:, i] * 1_000_000 + corpus[:, j] for i in range(8) for j in range(8) if 0 < abs(i - j) <= 2]).flatten()
center, context = pairs // 1_000_000, pairs % 1_000_000
freq = torch.bincount(corpus.flatten(), minlength=V).float().pow(0.75)

class SGNS(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.inp = nn.Embedding(V, dim, sparse=True)
        self.out = nn.Embedding(V, dim, sparse=True)
        nn.init.uniform_(self.inp.weight, -0.5 / dim, 0.5 / dim)
        nn.init.zeros_(self.out.weight)             # as in the original C code
    def forward(self, c, o, neg):
        v = self.inp(c)
        pos = F.logsigmoid((v * self.out(o)).sum(-1))
        ng = F.logsigmoid(-torch.einsum("bd,bkd->bk", v, self.out(neg))).sum(-1)
        return -(pos + ng).mean()

net = SGNS()
opt = torch.optim.SparseAdam(net.parameters(), lr=0.02)
order = torch.randperm(len(center))
for s in range(400):
    b = order[(s * 256) % (len(order) - 256):][:256]
    loss = net(center[b], context[b], torch.multinomial(freq, 256 * 5, replacement=True).view(256, 5))
    opt.zero_grad(); loss.backward(); opt.step()
    if s % 80 == 0: print(s, loss.item())
with torch.no_grad():
    e = F.normalize(net.inp.weight, dim=1)
    sim = e @ e.T; sim.fill_diagonal_(-9)
    near = sim.argmax(1)
    hit = (near // PER == torch.arange(V) // PER).float().mean().item()
print(f"nearest neighbour shares the topic for {hit:.3f} of the words (chance {(PER - 1) / (V - 1):.3f})")
