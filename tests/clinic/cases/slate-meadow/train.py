import random
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, DataLoader

VOCAB = 40
POS, NEG = set(range(2, 8)), set(range(8, 14))
MAX_LEN = 70


class Reviews(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.rows = []
        while len(self.rows) < n:
            length = rng.randint(5, 14)
            toks = [rng.randrange(2, VOCAB) for _ in range(length)]
            s = sum(t in POS for t in toks) - sum(t in NEG for t in toks)
            if s == 0:
                continue
            self.rows.append((torch.tensor(toks), int(s > 0)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(items):
    seqs = [s for s, _ in items]
    lens = torch.tensor([len(s) for s in seqs])
    ids = pad_sequence(seqs, batch_first=True, padding_value=0)
    ids = nn.functional.pad(ids, (0, MAX_LEN - ids.shape[1]), value=0)
    return ids, lens, torch.tensor([y for _, y in items])


class SentimentRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 16, padding_idx=0)
        self.rnn = nn.RNN(16, 32, batch_first=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, ids, lens):
        out, _ = self.rnn(self.emb(ids))
        last = out[:, -1, :]
        return self.fc(last)


torch.manual_seed(0)
train_dl = DataLoader(Reviews(2000, 1), batch_size=50, shuffle=True, collate_fn=collate)
test_dl = DataLoader(Reviews(500, 2), batch_size=250, collate_fn=collate)
model = SentimentRNN()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(12):
    model.train()
    tot = 0
    for ids, lens, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(ids, lens), y)
        loss.backward()
        optimizer.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        hit = sum((model(i, l).argmax(1) == y).sum().item() for i, l, y in test_dl)
    print("epoch", epoch, "loss", round(tot / len(train_dl), 4), "test acc", hit / 500)
