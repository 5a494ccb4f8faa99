import random
import torch
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence

SEED = 8
random.seed(SEED)
torch.manual_seed(SEED)

PAD = "<pad>"
GOOD = ["love", "great", "awesome", "happy", "nice", "yay", "best", "fun"]
BAD = ["hate", "awful", "sad", "worst", "ugh", "bad", "boring", "angry"]
REST = ["the", "this", "i", "we", "movie", "game", "today", "just", "so", "really", "at", "work",
        "new", "phone", "rt", "user", "http", "and", "but", "with", "my", "day", "it", "is"]
stoi = {w: i for i, w in enumerate([PAD] + GOOD + BAD + REST)}
MAX_LEN = 140


def fake_tweet():
    label = random.randint(0, 1)
    words = random.choices(REST, k=random.randint(6, 22))
    for w in random.sample(GOOD if label else BAD, k=random.randint(2, 4)):
        words.insert(random.randrange(len(words) + 1), w)
    if random.random() < 0.25:
        words.insert(random.randrange(len(words) + 1), random.choice(BAD if label else GOOD))
    return words, label


def encode(data):
    seqs = [torch.tensor([stoi[w] for w in words]) for words, _ in data]
    seqs.append(torch.zeros(MAX_LEN, dtype=torch.long))
    x = pad_sequence(seqs, batch_first=True, padding_value=stoi[PAD])[:-1]
    lengths = torch.tensor([len(words) for words, _ in data])
    y = torch.tensor([label for _, label in data], dtype=torch.float)
    return x, lengths, y


class TweetLSTM(nn.Module):
    def __init__(self, vocab, emb=24, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        emb = self.embedding(x)
        out, _ = self.lstm(emb)
        last = out[:, -1, :]
        return self.fc(self.dropout(last)).squeeze(1)


x_tr, l_tr, y_tr = encode([fake_tweet() for _ in range(1600)])
x_te, l_te, y_te = encode([fake_tweet() for _ in range(400)])

model = TweetLSTM(len(stoi))
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(model.parameters(), lr=4e-3)

BATCH = 50
for epoch in range(8):
    model.train()
    order = torch.randperm(len(x_tr))
    ep_loss = 0.0
    for i in range(0, len(order), BATCH):
        j = order[i:i + BATCH]
        optimizer.zero_grad()
        loss = criterion(model(x_tr[j], l_tr[j]), y_tr[j])
        loss.backward()
        optimizer.step()
        ep_loss += loss.item() * len(j)
    model.eval()
    with torch.no_grad():
        acc = ((model(x_te, l_te) > 0).float() == y_te).float().mean().item()
    print(f"Epoch {epoch + 1:02d} | train loss {ep_loss / len(x_tr):.4f} | test acc {acc * 100:.1f}%")
