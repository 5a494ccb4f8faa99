"""Encoder-decoder that answers short requests; words are integers, 1 = <sos>, 2 = <eos>."""
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

SOS, EOS = 1, 2
WORDS, REPLY = 30, 4


class EncoderRNN(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, src):
        return self.rnn(self.embedding(src))


class DecoderRNN(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, prev, encoder_hidden=None):
        h, _ = self.rnn(self.embedding(prev), encoder_hidden)
        return self.out(h)


class Seq2seq(nn.Module):
    def __init__(self, vocab, hidden=48):
        super().__init__()
        self.encoder, self.decoder = EncoderRNN(vocab, hidden), DecoderRNN(vocab, hidden)

    def forward(self, src, target):
        encoder_outputs, encoder_hidden = self.encoder(src)
        start = torch.full_like(target[:, :1], SOS)
        noise = torch.randint_like(target[:, :-1], 3, WORDS)
        keep = torch.rand(target[:, :-1].shape) < 0.3
        prev = torch.cat([start, torch.where(keep, target[:, :-1], noise)], 1)
        return self.decoder(prev)


def dialogue(n, table, zipf):
    """The reply is a permutation of the request through a private dictionary; common words are common."""
    req = 3 + torch.multinomial(zipf, n * REPLY, replacement=True).view(n, REPLY)
    rep = table[req].flip(1)
    return req, torch.cat([rep, torch.full((n, 1), EOS)], 1)


random.seed(66)
torch.manual_seed(66)
table = torch.cat([torch.arange(3), 3 + torch.randperm(WORDS - 3)])
zipf = 1 / torch.arange(1, WORDS - 2).float() ** 0.7
req, rep = dialogue(5000, table, zipf)
model = Seq2seq(WORDS)
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for step in range(420):
    idx = torch.randint(0, 4500, (48,))
    loss = F.cross_entropy(model(req[idx], rep[idx]).transpose(1, 2), rep[idx])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5)
    optimizer.step()
    if step % 70 == 0:
        print(f'Progress: {step / 4.2:.0f}%, Train loss: {loss.item():.4f}')
with torch.no_grad():
    logits = model(req[4500:], rep[4500:])[:, :REPLY]
    nll = F.cross_entropy(logits.transpose(1, 2), rep[4500:, :REPLY]).item()
p = zipf / zipf.sum()
print(f'loss per reply word {nll:.3f} (entropy of the word frequencies {-(p * p.log()).sum().item():.3f})')
