import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, DataLoader

random.seed(1)
torch.manual_seed(1)

PAD = 0
VOCAB = 400
TOPICS = 4
topic_words = [list(range(10 + 40 * k, 50 + 40 * k)) for k in range(TOPICS)]
filler = list(range(200, VOCAB))


def make_headline(label):
    n = random.randint(5, 9) if random.random() < 0.9 else random.randint(40, 60)
    return [random.choice(topic_words[label]) if random.random() < 0.5 else random.choice(filler) for _ in range(n)]


class News(Dataset):
    def __init__(self, n):
        self.items = []
        for _ in range(n):
            y = random.randrange(TOPICS)
            self.items.append((make_headline(y), y))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    texts = [torch.tensor(t) for t, _ in batch]
    labels = torch.tensor([y for _, y in batch])
    lengths = torch.tensor([len(t) for t in texts])
    return labels, pad_sequence(texts, batch_first=True, padding_value=PAD), lengths


class RNN(nn.Module):
    def __init__(self, embedding_size=64, hidden_size=64, num_classes=TOPICS):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, embedding_size, PAD)
        self.rnn = nn.RNN(embedding_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x, lengths):
        x = self.embedding(x)
        _, h_n = self.rnn(x)
        h_n = h_n.squeeze(0)
        return self.fc(h_n)


train_loader = DataLoader(News(2500), batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(News(600), batch_size=64, collate_fn=collate)

model = RNN()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(6):
    model.train()
    tot, correct, seen = 0, 0, 0
    for labels, texts, lengths in train_loader:
        scores = model(texts, lengths)
        loss = criterion(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tot += loss.item()
        correct += (scores.argmax(1) == labels).sum().item()
        seen += len(labels)
    print(f"epoch {epoch}: loss {tot / len(train_loader):.4f} acc {correct / seen:.3f}")

model.eval()
c = n = 0
with torch.no_grad():
    for labels, texts, lengths in test_loader:
        c += (model(texts, lengths).argmax(1) == labels).sum().item()
        n += len(labels)
print(f"test acc {c / n:.3f}")
