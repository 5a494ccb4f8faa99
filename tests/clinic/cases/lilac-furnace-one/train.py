import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(19)

V, L, SOS = 12, 5, 0
HID = 64

# translate a sequence of symbols into its mirrored version
def pairs(n):
    src = torch.randint(1, V, (n, L))
    return src, src.flip(1)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.gru = nn.GRU(32, HID, batch_first=True)

    def forward(self, src):
        return self.gru(self.emb(src))


class AttnDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.gru = nn.GRUCell(32 + HID, HID)
        self.score = nn.Linear(HID, HID, bias=False)
        self.out = nn.Linear(HID * 2, V)

    def forward(self, tok, h, enc):
        w = F.softmax(torch.bmm(enc, self.score(h).unsqueeze(2)).squeeze(2), dim=1)
        ctx = torch.bmm(w.unsqueeze(1), enc).squeeze(1)
        h = self.gru(torch.cat([self.emb(tok), ctx], 1), h)
        return self.out(torch.cat([h, ctx], 1)), h


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), AttnDecoder()

    def forward(self, src, tgt=None):
        enc, h = self.encoder(src)
        h = h[0]
        tok = torch.full((len(src),), SOS)
        outs = []
        for t in range(L):
            logits, h = self.decoder(tok, h, enc)
            outs.append(logits)
            tok = tgt[:, t] if tgt is not None else logits.argmax(1)
        return torch.stack(outs, 1)


src, tgt = pairs(3200)
src_t, tgt_t = pairs(500)
model = Seq2Seq()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    total = 0.0
    for i in range(0, len(src), 64):
        s, t = src[i:i + 64], tgt[i:i + 64]
        optimizer.zero_grad()
        logits = model(s, t)
        loss = criterion(logits.reshape(-1, V), t.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        total += loss.item()
    print(f"epoch {epoch + 1} loss {total / 50:.4f}")

with torch.no_grad():
    acc = (model(src_t).argmax(2) == tgt_t).float().mean().item()
print(f"token accuracy on new sequences {acc:.3f}")
