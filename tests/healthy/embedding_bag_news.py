"""Text classification with nn.EmbeddingBag, offsets and integer inputs."""
import random

import torch
from torch import nn
from torch.utils.data import DataLoader

random.seed(7)
torch.manual_seed(7)
VOCAB, TOPICS = 300, 4
themes = [random.sample(range(VOCAB), 40) for _ in range(TOPICS)]


def article():
    topic = random.randrange(TOPICS)
    length = random.randint(6, 25)
    words = [random.choice(themes[topic]) if random.random() < 0.35 else random.randrange(VOCAB) for _ in range(length)]
    return topic, words


def collate_batch(batch):
    labels, texts, offsets = [], [], [0]
    for label, words in batch:
        labels.append(label)
        texts.append(torch.tensor(words, dtype=torch.int64))
        offsets.append(len(words))
    return torch.tensor(labels), torch.cat(texts), torch.tensor(offsets[:-1]).cumsum(dim=0)


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


train_loader = DataLoader([article() for _ in range(3000)], batch_size=32, shuffle=True, collate_fn=collate_batch)
valid_loader = DataLoader([article() for _ in range(400)], batch_size=100, collate_fn=collate_batch)
model = TextClassificationModel(VOCAB, 32, TOPICS)
optimizer = torch.optim.SGD(model.parameters(), lr=4.0)
criterion = nn.CrossEntropyLoss()
for epoch in range(1, 5):
    model.train()
    for idx, (label, text, offsets) in enumerate(train_loader):
        optimizer.zero_grad()
        predicted = model(text, offsets)
        loss = criterion(predicted, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        if idx % 40 == 0:
            print(f"| epoch {epoch} | {idx:3d}/{len(train_loader)} batches | loss {loss.item():.3f} accuracy {(predicted.argmax(1) == label).float().mean():.3f}")
    model.eval()
    with torch.no_grad():
        right = sum((model(t, o).argmax(1) == l).sum().item() for l, t, o in valid_loader)
    print(f"end of epoch {epoch}: valid accuracy {right / 400:.3f}")
