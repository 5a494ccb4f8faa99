import math
import random
from dataclasses import dataclass

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence


@dataclass
class HParams:
    seed: int = 7
    n_train: int = 4000
    n_valid: int = 300
    batch_size: int = 64
    emb: int = 32
    hid: int = 96
    lr: float = 3e-3
    epochs: int = 8
    clip: float = 1.0
    max_decode: int = 14


hp = HParams()
random.seed(hp.seed)
torch.manual_seed(hp.seed)

PAD_token, SOS_token, EOS_token = 0, 1, 2
ONES = "zero one two three four five six seven eight nine".split()
TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS = ["<pad>", "<sos>", "<eos>"] + ONES + TENS + ["hundred", "thousand"]
VOC = {w: i for i, w in enumerate(WORDS)}
DIGIT = {str(i): i + 1 for i in range(10)}


def spell(n):
    out = []
    if n >= 1000:
        out += [ONES[n // 1000], "thousand"]
        n %= 1000
    if n >= 100:
        out += [ONES[n // 100], "hundred"]
        n %= 100
    if n >= 10:
        out.append(TENS[n // 10 - 1])
        n %= 10
    if n or not out:
        out.append(ONES[n])
    return out


def make_pairs(k):
    pairs = []
    for _ in range(k):
        n = random.randrange(10 ** random.randint(1, 4))
        pairs.append((torch.tensor([DIGIT[c] for c in str(n)]),
                      torch.tensor([SOS_token] + [VOC[w] for w in spell(n)] + [EOS_token])))
    return pairs


def batches(pairs, bs):
    random.shuffle(pairs)
    for i in range(0, len(pairs) - bs + 1, bs):
        chunk = pairs[i:i + bs]
        src = pad_sequence([a for a, _ in chunk], batch_first=True)
        trg = pad_sequence([b for _, b in chunk], batch_first=True, padding_value=EOS_token)
        lens = torch.tensor([len(a) for a, _ in chunk])
        yield src, lens, trg


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, hp.emb, padding_idx=0)
        self.rnn = nn.GRU(hp.emb, hp.hid, batch_first=True)

    def forward(self, src, lens):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(src), lens, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), hp.emb)
        self.rnn = nn.GRU(hp.emb + hp.hid, hp.hid, batch_first=True)
        self.out = nn.Linear(hp.hid, len(WORDS))

    def forward(self, tokens, hidden, context):
        ctx = context[0].unsqueeze(1).expand(-1, tokens.size(1), -1)
        o, hidden = self.rnn(torch.cat([self.embedding(tokens), ctx], -1), hidden)
        return torch.log_softmax(self.out(o), dim=-1), hidden


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, src, lens, trg):
        h = self.encoder(src, lens)
        return self.decoder(trg, h, h)[0]

    @torch.no_grad()
    def generate(self, src, lens):
        ctx = h = self.encoder(src, lens)
        tok = torch.full((len(src), 1), SOS_token)
        done = []
        for _ in range(hp.max_decode):
            logp, h = self.decoder(tok, h, ctx)
            tok = logp.argmax(-1)
            done.append(tok)
        return torch.cat(done, 1)


def strip(ids):
    words = []
    for i in ids:
        if i == EOS_token:
            break
        words.append(WORDS[i])
    return " ".join(words)


def evaluate(model, pairs):
    good, sample = 0, None
    for src, lens, trg in batches(list(pairs), 50):
        hyp = model.generate(src, lens)
        for h, t in zip(hyp.tolist(), trg[:, 1:].tolist()):
            good += strip(h) == strip(t)
            sample = (strip(t), strip(h))
    return good / len(pairs), sample


train_pairs, valid_pairs = make_pairs(hp.n_train), make_pairs(hp.n_valid)
model = Seq2Seq()
criterion = nn.NLLLoss(ignore_index=EOS_token)
optimizer = optim.Adam(model.parameters(), lr=hp.lr)

for epoch in range(hp.epochs):
    tot = cnt = 0
    for src, lens, trg in batches(train_pairs, hp.batch_size):
        optimizer.zero_grad()
        logp = model(src, lens, trg[:, :-1])
        gold = trg[:, 1:]
        loss = criterion(logp.reshape(-1, len(WORDS)), gold.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), hp.clip)
        optimizer.step()
        tot += loss.item()
        cnt += 1
    acc, (ref, hyp) = evaluate(model, valid_pairs)
    print(f"epoch {epoch + 1} | loss {tot / cnt:.4f} | ppl {math.exp(tot / cnt):.3f} | exact match {acc:.3f} | '{ref}' -> '{hyp}'")
