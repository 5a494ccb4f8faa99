###############################################################################
# Word-level RNN language model on a small synthetic corpus
###############################################################################
import argparse
import math
import random

import torch
import torch.nn as nn

parser = argparse.ArgumentParser(description='RNN language model')
parser.add_argument('--emsize', type=int, default=32)
parser.add_argument('--nhid', type=int, default=48)
parser.add_argument('--lr', type=float, default=20, help='initial learning rate')
parser.add_argument('--clip', type=float, default=1.0, help='gradient clipping')
parser.add_argument('--epochs', type=int, default=3)
parser.add_argument('--batch_size', type=int, default=20)
parser.add_argument('--bptt', type=int, default=15)
parser.add_argument('--seed', type=int, default=1111)
args = parser.parse_args()
torch.manual_seed(args.seed)
random.seed(args.seed)

###############################################################################
# Corpus: every word has four likely followers
###############################################################################
V = 60
followers = [random.sample(range(V), 4) for _ in range(V)]
ids = [0]
while len(ids) < 24000:
    ids.append(random.choices(followers[ids[-1]], [8, 4, 2, 1])[0] if random.random() < .95 else random.randrange(V))


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data[:nbatch * bsz].view(bsz, -1).t().contiguous()


train_data = batchify(torch.tensor(ids[:22000]), args.batch_size)
val_data = batchify(torch.tensor(ids[22000:]), 10)


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.RNN(ninp, nhid, nonlinearity='tanh')
        self.decoder = nn.Linear(nhid, ntoken)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.encoder(input), hidden)
        return self.decoder(output).view(-1, V), hidden


model = RNNModel(V, args.emsize, args.nhid)
criterion = nn.CrossEntropyLoss()


def get_batch(source, i):
    seq_len = min(args.bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].reshape(-1)


def evaluate(source):
    model.eval()
    total, hidden = 0., None
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, args.bptt):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            total += len(data) * criterion(output, targets).item()
    return total / (len(source) - 1)


lr = args.lr
for epoch in range(1, args.epochs + 1):
    model.train()
    hidden, total = None, 0.
    for batch, i in enumerate(range(0, train_data.size(0) - 1, args.bptt)):
        data, targets = get_batch(train_data, i)
        model.zero_grad()
        hidden = hidden.detach() if hidden is not None else None
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total += loss.item()
        if batch % 25 == 24:
            print('| epoch {:2d} | {:3d} batches | lr {:02.2f} | loss {:5.2f} | ppl {:10.2f}'.format(
                epoch, batch + 1, lr, total / 25, math.exp(min(total / 25, 50))))
            total = 0.
print('valid loss {:.2f} (uniform {:.2f})'.format(evaluate(val_data), math.log(V)))
