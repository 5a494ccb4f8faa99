import torch
import torch.nn as nn
import torch.nn.functional as F

V, L, SOS = 12, 7, 0


class Encoder(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.emb = nn.Embedding(V, h)
        self.gru = nn.GRU(h, h // 2, batch_first=True, bidirectional=True)

    def forward(self, src):
        out, hn = self.gru(self.emb(src))
        return out, torch.cat([hn[0], hn[1]], dim=-1)


class AdditiveAttention(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.q = nn.Linear(h, h)
        self.k = nn.Linear(h, h)
        self.v = nn.Linear(h, 1, bias=False)

    def forward(self, query, memory):
        e = self.v(torch.tanh(self.q(query).unsqueeze(1) + self.k(memory))).squeeze(-1)
        a = F.softmax(e, dim=0)
        return torch.bmm(a.unsqueeze(1), memory).squeeze(1)


class Decoder(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.emb = nn.Embedding(V, h)
        self.att = AdditiveAttention(h)
        self.cell = nn.GRUCell(2 * h, h)
        self.out = nn.Linear(2 * h, V)

    def forward(self, memory, state, tgt=None):
        b = memory.size(0)
        tok = torch.full((b,), SOS, dtype=torch.long)
        logits = []
        for t in range(L):
            ctx = self.att(state, memory)
            state = self.cell(torch.cat([self.emb(tok), ctx], -1), state)
            o = self.out(torch.cat([state, ctx], -1))
            logits.append(o)
            tok = tgt[:, t] if tgt is not None else o.argmax(-1)
        return torch.stack(logits, 1)


def batch(n, gen):
    src = torch.randint(1, V, (n, L), generator=gen)
    return src, src.flip(1)


def train():
    torch.manual_seed(5)
    gen = torch.Generator().manual_seed(5)
    enc, dec = Encoder(48), Decoder(48)
    params = list(enc.parameters()) + list(dec.parameters())
    opt = torch.optim.Adam(params, lr=6e-3)
    for it in range(1, 301):
        src, tgt = batch(24, gen)
        memory, state = enc(src)
        logits = dec(memory, state, tgt)
        loss = F.cross_entropy(logits.reshape(-1, V), tgt.reshape(-1))
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        if it % 40 == 0:
            print(f"iter {it:4d} | loss {loss.item():.3f}")
    enc.eval(), dec.eval()
    with torch.no_grad():
        src, tgt = batch(400, torch.Generator().manual_seed(77))
        hyp = dec(*enc(src)).argmax(-1)
    print(f"token acc {(hyp == tgt).float().mean():.3f}  exact match {(hyp == tgt).all(1).float().mean():.3f}")


train()
