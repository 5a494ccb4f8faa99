# BiLSTM tagger, time-major, padded batches, ignore_index for the padding
import torch, random
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence as pack, pad_packed_sequence as unpack, pad_sequence

random.seed(2); torch.manual_seed(2)
WORDS, TAGS = 50, 5            # word 0 is <pad>
PAD_TAG = -1


def sentence():
    n = random.randint(4, 18)
    w = [random.randint(1, WORDS - 1) for _ in range(n)]
    tags = []
    for i, x in enumerate(w):
        left = w[i - 1] if i else 0
        right = w[i + 1] if i + 1 < n else 0      # looks at the word after as well
        tags.append((x % 3 + (left > 25) + (right > 25)) % TAGS)
    return torch.tensor(w), torch.tensor(tags)


train = [sentence() for _ in range(1920)]
dev = [sentence() for _ in range(300)]


def batches(rows, size):
    rows = sorted(rows, key=lambda r: len(r[0]) + random.random() * 3)     # bucket by length
    groups = [rows[i:i + size] for i in range(0, len(rows), size)]
    random.shuffle(groups)
    for g in groups:
        yield pad_sequence([w for w, _ in g]), torch.tensor([len(w) for w, _ in g]), pad_sequence([t for _, t in g], padding_value=PAD_TAG)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(WORDS, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, 32, bidirectional=True)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(64, TAGS)

    def forward(self, w, lens):
        h, _ = self.lstm(pack(self.emb(w), lens, enforce_sorted=False))
        h, _ = unpack(h)
        return self.fc(self.drop(h))


net = Tagger()
crit = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
for epoch in range(6):
    net.train()
    for w, l, t in batches(train, 32):
        out = net(w, l)
        loss = crit(out.view(-1, TAGS), t.view(-1))
        opt.zero_grad(); loss.backward(); opt.step()
    net.eval(); ok = n = 0
    with torch.no_grad():
        for w, l, t in batches(dev, 100):
            keep = t != PAD_TAG
            ok += (net(w, l).argmax(-1)[keep] == t[keep]).sum().item(); n += keep.sum().item()
    print(f"[{epoch}] Verlust {loss.item():.3f}  Genauigkeit (Entwicklung) {ok / n:.3f}  (Zufall {1 / TAGS})")
