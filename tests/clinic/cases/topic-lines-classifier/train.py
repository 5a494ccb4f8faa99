# Bag-of-words classifier over a labelled text file (one "label<TAB>words" per line, grouped by label).
import torch
import torch.nn as nn

torch.manual_seed(74)
TOPICS, VOCAB = 6, 240


def read_lines(n_per_topic):
    for topic in range(TOPICS):
        for _ in range(n_per_topic):
            common = torch.randint(0, 120, (8,))
            own = 120 + topic * 20 + torch.randint(0, 20, (4,))
            yield f'__label__{topic}\t' + ' '.join(map(str, torch.cat([common, own]).tolist()))


def parse(line):
    label, words = line.split('\t')
    return int(label.removeprefix('__label__')), torch.tensor([int(w) for w in words.split()])


class FastText(nn.Module):
    def __init__(self, vocab, dim, labels):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab, dim, mode='mean')
        self.hidden = nn.Linear(dim, labels)

    def forward(self, words):
        return self.hidden(self.bag(words))


train = [parse(l) for l in read_lines(600)]
test = [parse(l) for l in read_lines(60)]
model = FastText(VOCAB, 20, TOPICS)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
criterion = nn.CrossEntropyLoss()

for epoch in range(2):
    for start in range(0, len(train), 20):
        batch = train[start:start + 20]
        labels = torch.tensor([b[0] for b in batch])
        words = torch.stack([b[1] for b in batch])
        loss = criterion(model(words), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if start % 600 == 0:
            print(f'epoch {epoch} line {start} avg.loss {loss.item():.4f}')

with torch.no_grad():
    guess = model(torch.stack([w for _, w in test])).argmax(1)
    truth = torch.tensor([l for l, _ in test])
print(f'P@1 {(guess == truth).float().mean().item():.3f} ({TOPICS} topics)')
