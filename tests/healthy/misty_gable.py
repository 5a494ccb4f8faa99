import torch
import torch.nn as nn

torch.manual_seed(6)

PAD, BOS, EOS = 0, 1, 2
N_SYM = 8
VOCAB = N_SYM + 3
MAXL = 5


def make_batch(n):
    src = torch.full((n, MAXL), PAD)
    tgt = torch.full((n, MAXL + 2), PAD)
    lens = torch.randint(2, MAXL + 1, (n,))
    for b, L in enumerate(lens.tolist()):
        s = torch.randint(3, VOCAB, (L,))
        src[b, MAXL - L:] = s
        tgt[b, 0] = BOS
        tgt[b, 1:L + 1] = s.flip(0)
        tgt[b, L + 1] = EOS
    return src, tgt


class Encoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 32, padding_idx=PAD)
        self.gru = nn.GRU(32, hid, batch_first=True)

    def forward(self, src):
        _, h = self.gru(self.embed(src))
        return h


class Decoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 32, padding_idx=PAD)
        self.gru = nn.GRU(32 + hid, hid, batch_first=True)
        self.out = nn.Linear(hid, VOCAB)

    def forward(self, tok, h, context):
        e = self.embed(tok)
        ctx = context[-1].unsqueeze(1).expand(-1, e.size(1), -1)
        o, h = self.gru(torch.cat([e, ctx], dim=2), h)
        return self.out(o), h


enc, dec = Encoder(96), Decoder(96)
params = list(enc.parameters()) + list(dec.parameters())
optimizer = torch.optim.Adam(params, lr=3e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)


@torch.no_grad()
def exact_match(n=300):
    src, tgt = make_batch(n)
    h = enc(src)
    ctx = h
    tok = torch.full((n, 1), BOS)
    ok = torch.ones(n, dtype=torch.bool)
    for t in range(1, tgt.size(1)):
        logits, h = dec(tok, h, ctx)
        tok = logits.argmax(-1)
        ok &= (tok[:, 0] == tgt[:, t]) | (tgt[:, t] == PAD)
    return ok.float().mean().item()


for step in range(1, 421):
    src, tgt = make_batch(64)
    h = enc(src)
    logits, _ = dec(tgt[:, :-1], h, h)
    loss = criterion(logits.transpose(1, 2), tgt[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
    if step % 60 == 0:
        print("step", step, "loss", round(loss.item(), 4), "exact", round(exact_match(), 3))
