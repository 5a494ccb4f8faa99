# encoder-decoder GRU with Bahdanau attention and teacher forcing: sort the digits
import random
import torch, torch.nn as nn, torch.nn.functional as F
random.seed(0); torch.manual_seed(0)
SOS, EOS, PAD, V = 10, 11, 12, 13

def batch(n):
    src = torch.full((n, 7), PAD); tgt = torch.full((n, 9), PAD)
    for i in range(n):
        L = random.randint(3, 7); d = [random.randint(0, 9) for _ in range(L)]
        src[i, :L] = torch.tensor(d); tgt[i, :L + 2] = torch.tensor([SOS] + sorted(d) + [EOS])
    return src, tgt

class Attention(nn.Module):
    def __init__(self, d):
        super().__init__(); self.q, self.k, self.v = nn.Linear(d, d), nn.Linear(2 * d, d), nn.Linear(d, 1, bias=False)
    def forward(self, h, mem, dead):
        e = self.v(torch.tanh(self.q(h)[:, None] + self.k(mem)))[..., 0].masked_fill(dead, -1e9)
        a = e.softmax(-1)
        return torch.bmm(a[:, None], mem)[:, 0]

class Encoder(nn.Module):
    def __init__(self, d):
        super().__init__(); self.e = nn.Embedding(V, d); self.r = nn.GRU(d, d, batch_first=True, bidirectional=True)
    def forward(self, s): return self.r(self.e(s))[0]

class Decoder(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.e, self.att, self.cell, self.o = nn.Embedding(V, d), Attention(d), nn.GRUCell(3 * d, d), nn.Linear(3 * d, V)
        self.d = d
    def forward(self, mem, dead, tgt=None, steps=8, force=1.0):
        h = mem.new_zeros(len(mem), self.d); tok = torch.full((len(mem),), SOS); outs = []
        for t in range(steps):
            c = self.att(h, mem, dead)
            h = self.cell(torch.cat([self.e(tok), c], 1), h)
            lg = self.o(torch.cat([h, c], 1)); outs.append(lg)
            tok = tgt[:, t + 1] if tgt is not None and random.random() < force else lg.argmax(1)
        return torch.stack(outs, 1)

enc, dec = Encoder(48), Decoder(48)
eo, do = torch.optim.Adam(enc.parameters(), lr=5e-3), torch.optim.Adam(dec.parameters(), lr=5e-3)
for it in range(300):
    s, t = batch(32)
    out = dec(enc(s), s == PAD, t, force=max(0.7, 1 - it / 600))
    loss = F.cross_entropy(out.reshape(-1, V), t[:, 1:].reshape(-1), ignore_index=PAD)
    eo.zero_grad(); do.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(enc.parameters(), 1.); nn.utils.clip_grad_norm_(dec.parameters(), 1.)
    eo.step(); do.step()
    if it % 50 == 0: print(it, round(loss.item(), 3))
with torch.no_grad():
    s, t = batch(500); p = dec(enc(s), s == PAD).argmax(-1); k = t[:, 1:] != PAD
    print(f"free-running: token accuracy {(p[k] == t[:, 1:][k]).float().mean().item():.3f}, whole sequences {((p == t[:, 1:]) | ~k).all(1).float().mean().item():.3f}")
