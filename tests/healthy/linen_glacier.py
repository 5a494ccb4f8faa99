# Convolution-free seq2seq after the well known notebook series: GRU encoder / decoder with attention,
# batch first, target sliced before it goes into the decoder.
import random
import time

import torch
import torch.nn as nn
import torch.optim as optim

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


class Field:
    def __init__(self):
        self.itos = ["<pad>", "<sos>", "<eos>"]
        self.stoi = {s: i for i, s in enumerate(self.itos)}

    def build(self, seqs):
        for s in seqs:
            for c in s:
                if c not in self.stoi:
                    self.stoi[c] = len(self.itos)
                    self.itos.append(c)

    def process(self, seqs):
        rows = [["<sos>"] + list(s) + ["<eos>"] for s in seqs]
        width = max(len(r) for r in rows)
        return torch.tensor([[self.stoi[c] for c in r + ["<pad>"] * (width - len(r))] for r in rows])


def example():
    d, m, y = random.randint(1, 28), random.randint(1, 12), random.randint(1950, 2049)
    style = random.randrange(3)
    if style == 0:
        return f"{d} {MONTHS[m - 1]} {y}", f"{y}-{m}-{d}"
    if style == 1:
        return f"{MONTHS[m - 1]} {d}, {y}", f"{y}-{m}-{d}"
    return f"{d}/{m}/{y}", f"{y}-{m}-{d}"


train_data = [example() for _ in range(4000)]
valid_data = [example() for _ in range(400)]
SRC, TRG = Field(), Field()
SRC.build(a for a, _ in train_data)
TRG.build(b for _, b in train_data)
PAD = TRG.stoi["<pad>"]


def iterate(data, batch_size, shuffle):
    order = random.sample(data, len(data)) if shuffle else data
    for i in range(0, len(order), batch_size):
        part = order[i:i + batch_size]
        yield SRC.process([a for a, _ in part]), TRG.process([b for _, b in part])


class Encoder(nn.Module):
    def __init__(self, n_vocab, emb, hid):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, emb)
        self.rnn = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid, hid)

    def forward(self, src):
        lens = (src != PAD).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(src), lens, batch_first=True, enforce_sorted=False)
        out, h = self.rnn(packed)
        out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=src.size(1))
        return out, torch.tanh(self.fc(torch.cat([h[-2], h[-1]], 1))).unsqueeze(0)


class Decoder(nn.Module):
    def __init__(self, n_vocab, emb, hid):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, emb)
        self.rnn = nn.GRU(emb, hid, batch_first=True)
        self.key = nn.Linear(2 * hid, hid)
        self.fc_out = nn.Linear(3 * hid, n_vocab)

    def forward(self, trg, h, memory, src_mask):
        out, h = self.rnn(self.emb(trg), h)
        energy = out @ self.key(memory).transpose(1, 2)
        energy = energy.masked_fill(src_mask.unsqueeze(1) == 0, -1e10)
        context = torch.softmax(energy, dim=-1) @ memory
        return self.fc_out(torch.cat([out, context], -1)), h


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(len(SRC.itos), 24, 48)
        self.decoder = Decoder(len(TRG.itos), 24, 48)

    def forward(self, src, trg):
        memory, h = self.encoder(src)
        return self.decoder(trg, h, memory, src != PAD)[0]

    def greedy(self, src, max_len=14):
        memory, h = self.encoder(src)
        tok, outs = torch.full((len(src), 1), TRG.stoi["<sos>"]), []
        for _ in range(max_len):
            logits, h = self.decoder(tok, h, memory, src != PAD)
            tok = logits.argmax(-1)
            outs.append(tok)
        return torch.cat(outs, 1)


def words(ids):
    s = [TRG.itos[i] for i in ids]
    return "".join(s[: s.index("<eos>")] if "<eos>" in s else s)


model = Seq2Seq()
optimizer = optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)
CLIP = 1

for epoch in range(9):
    start = time.time()
    model.train()
    epoch_loss, n = 0, 0
    for src, trg in iterate(train_data, 64, True):
        optimizer.zero_grad()
        output = model(src, trg[:, :-1])
        loss = criterion(output.contiguous().view(-1, output.shape[-1]), trg[:, 1:].contiguous().view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        epoch_loss += loss.item()
        n += 1
    model.eval()
    hits = 0
    with torch.no_grad():
        for src, trg in iterate(valid_data, 100, False):
            hits += sum(words(a) == words(b) for a, b in zip(model.greedy(src).tolist(), trg[:, 1:].tolist()))
    print(f"Epoch: {epoch + 1:02} | Time: {time.time() - start:.1f}s | Train Loss: {epoch_loss / n:.3f} | Val exact: {hits / len(valid_data):.3f}")
