import random
import time

import torch
import torch.nn as nn
from torch import optim

SOS, EOS, HID, N = 0, 1, 48, 12
random.seed(2)
torch.manual_seed(2)


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(EncoderRNN, self).__init__()
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)

    def forward(self, x):
        return self.gru(self.embedding(x))


class DecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size):
        super(DecoderRNN, self).__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, x, hidden):
        y, hidden = self.gru(self.embedding(x), hidden)
        return self.out(y), hidden


def make(n):
    src = torch.randint(2, N, (n, 4))
    tgt = torch.cat([(src - 2 + 3) % (N - 2) + 2, torch.full((n, 1), EOS)], 1)
    return src, tgt


def run(encoder, decoder, src, tgt):
    _, h = encoder(src)
    start = torch.full((len(src), 1), SOS)
    logits, _ = decoder(torch.cat([start, tgt[:, :-1]], 1), h)
    return logits


def train_step(src, tgt, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion):
    encoder_optimizer.zero_grad()
    encoder_optimizer.zero_grad()
    logits = run(encoder, decoder, src, tgt)
    loss = criterion(logits.flatten(0, 1), tgt.flatten())
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    return loss.item()


def train_iters(n_iters, learning_rate, print_every=100):
    encoder, decoder = EncoderRNN(N, HID), DecoderRNN(HID, N)
    encoder_optimizer = optim.SGD(encoder.parameters(), lr=learning_rate, momentum=0.9)
    decoder_optimizer = optim.SGD(decoder.parameters(), lr=learning_rate, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    X, Y = make(4000)
    vx, vy = make(400)
    t0, total = time.time(), 0.0
    for it in range(1, n_iters + 1):
        k = torch.randint(0, len(X), (64,))
        total += train_step(X[k], Y[k], encoder, decoder, encoder_optimizer, decoder_optimizer, criterion)
        if it % print_every == 0:
            with torch.no_grad():
                acc = (run(encoder, decoder, vx, vy).argmax(-1) == vy).float().mean().item()
            print("%.0fs (%d %d%%) %.4f  acc %.3f" % (time.time() - t0, it, it / n_iters * 100, total / print_every, acc))
            total = 0.0


train_iters(900, 0.2)
