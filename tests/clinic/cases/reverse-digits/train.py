import random
import torch
import torch.nn as nn

PAD, SOS, EOS = 0, 1, 2
VOCAB = 3 + 10
MAX_LEN = 40
random.seed(9)
torch.manual_seed(9)


def encode(seq):
    return seq + [PAD] * (MAX_LEN - len(seq))


def get_batch(bs):
    src, tgt = [], []
    for _ in range(bs):
        digits = [random.randint(3, VOCAB - 1) for _ in range(random.randint(2, 4))]
        src.append(digits + [PAD] * (4 - len(digits)))
        tgt.append(encode([SOS] + digits[::-1] + [EOS]))
    return torch.tensor(src), torch.tensor(tgt)


class Encoder(nn.Module):
    def __init__(self, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb)
        self.rnn = nn.GRU(emb, hid, batch_first=True)

    def forward(self, src):
        _, h = self.rnn(self.embedding(src))
        return h


class Decoder(nn.Module):
    def __init__(self, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb)
        self.rnn = nn.GRU(emb, hid, batch_first=True)
        self.out = nn.Linear(hid, VOCAB)

    def forward(self, tok, h):
        o, h = self.rnn(self.embedding(tok), h)
        return self.out(o), h


enc, dec = Encoder(32, 64), Decoder(32, 64)
optimizer = torch.optim.SGD(list(enc.parameters()) + list(dec.parameters()), lr=0.5)
criterion = nn.CrossEntropyLoss()

running = 0.0
for step in range(1, 601):
    src, tgt = get_batch(24)
    logits, _ = dec(tgt[:, :-1], enc(src))
    loss = criterion(logits.reshape(-1, VOCAB), tgt[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(list(enc.parameters()) + list(dec.parameters()), 1.0)
    optimizer.step()
    running += loss.item()
    if step % 60 == 0:
        print("step %d, loss %.4f" % (step, running / 60))
        running = 0.0

with torch.no_grad():
    src, tgt = get_batch(300)
    logits, _ = dec(tgt[:, :-1], enc(src))
    want = tgt[:, 1:]
    digit = want > EOS
    print("digits right (teacher forced): %.3f" % (logits.argmax(-1) == want)[digit].float().mean().item())
