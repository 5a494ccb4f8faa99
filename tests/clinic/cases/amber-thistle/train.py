import argparse
import random

import torch
import torch.nn as nn
import torch.optim as optim

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=96)
parser.add_argument("--emb", type=int, default=32)
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--lr", type=float, default=2e-3)
args = parser.parse_args()

PAD = 0
N_CODES = 12
MAX_OUT = 16
SYMPTOMS = 18

random.seed(0)
torch.manual_seed(0)


class TicketCorpus:
    """Ticket = 4 symptom ids. Target = ordered work-order codes, as far as the clerk wrote them down."""

    def __init__(self, n, seed):
        rng = random.Random(seed)
        table = random.Random(99)
        self.shift = [table.randrange(N_CODES) for _ in range(SYMPTOMS)]
        self.rows = []
        for _ in range(n):
            src = [rng.randrange(SYMPTOMS) for _ in range(4)]
            n_codes = 1 if rng.random() < 0.6 else rng.randint(3, MAX_OUT)
            tgt = [1 + (self.shift[src[t % 4]] + 5 * (t // 4)) % N_CODES for t in range(n_codes)]
            self.rows.append((src, tgt))

    def batches(self, size, shuffle=True):
        order = list(range(len(self.rows)))
        if shuffle:
            random.shuffle(order)
        for i in range(0, len(order), size):
            chunk = [self.rows[j] for j in order[i:i + size]]
            src = torch.tensor([c[0] for c in chunk])
            tgt = torch.full((len(chunk), MAX_OUT), PAD)
            for k, c in enumerate(chunk):
                tgt[k, :len(c[1])] = torch.tensor(c[1])
            yield src, tgt


class Encoder(nn.Module):
    def __init__(self, emb, hidden):
        super().__init__()
        self.embedding = nn.Embedding(SYMPTOMS, emb)
        self.gru = nn.GRU(emb, hidden, batch_first=True)

    def forward(self, src):
        return self.gru(self.embedding(src))[1][-1]


class Decoder(nn.Module):
    def __init__(self, emb, hidden):
        super().__init__()
        self.position = nn.Embedding(MAX_OUT, emb)
        self.gru = nn.GRU(hidden + emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, N_CODES + 1)

    def forward(self, z):
        pos = self.position(torch.arange(MAX_OUT)).expand(z.size(0), -1, -1)
        rep = z.unsqueeze(1).expand(-1, MAX_OUT, -1)
        y, _ = self.gru(torch.cat([rep, pos], dim=-1), z.unsqueeze(0).contiguous())
        return self.out(y)


class Seq2Seq(nn.Module):
    def __init__(self, emb, hidden):
        super().__init__()
        self.encoder = Encoder(emb, hidden)
        self.decoder = Decoder(emb, hidden)

    def forward(self, src):
        return self.decoder(self.encoder(src))


train_set, test_set = TicketCorpus(6000, 1), TicketCorpus(600, 2)
model = Seq2Seq(args.emb, args.hidden)
optimizer = optim.Adam(model.parameters(), lr=args.lr)
criterion = nn.CrossEntropyLoss()


def code_accuracy(data):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for src, tgt in data.batches(200, shuffle=False):
            pred = model(src).argmax(-1)
            written = tgt != PAD
            right += (pred[written] == tgt[written]).sum().item()
            total += written.sum().item()
    model.train()
    return right / total


step, running = 0, 0.0
while step < args.steps:
    for src, tgt in train_set.batches(args.batch):
        optimizer.zero_grad()
        logits = model(src)
        loss = criterion(logits.reshape(-1, N_CODES + 1), tgt.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += loss.item()
        step += 1
        if step % 100 == 0:
            print(f"step {step}  loss {running / 100:.4f}  test code acc {code_accuracy(test_set):.3f}")
            running = 0.0
        if step >= args.steps:
            break

with torch.no_grad():
    src, tgt = next(test_set.batches(3, shuffle=False))
    for p, t in zip(model(src).argmax(-1).tolist(), tgt.tolist()):
        print("pred", p)
        print("gold", t)
