"""Tags for the words of log lines: embedding, two-way GRU, padded batches; padding carries the tag -100."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

WORDS, TAGS = 40, 5
PAD, PAD_TAG = 0, -100


def lines(n):
    """The tag depends on the word's family and on the word before it."""
    made = []
    for _ in range(n):
        words = torch.randint(1, WORDS, (int(torch.randint(4, 16, (1,))),))
        before = torch.cat([torch.zeros(1, dtype=torch.long), words[:-1]])
        made.append((words, (words // 8 + before % 2 * 2) % TAGS))
    return made


def collate(items):
    words, tags = zip(*items, strict=True)
    return (
        pad_sequence(words, batch_first=True, padding_value=PAD),
        pad_sequence(tags, batch_first=True, padding_value=PAD_TAG),
    )


class Tagger(nn.Module):
    def __init__(self, width=24, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(WORDS, width, padding_idx=PAD)
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)
        self.tag = nn.Linear(2 * hidden, TAGS)

    def forward(self, words):
        vectors = self.embed(words)
        states, _ = self.gru(vectors)
        return self.tag(states)


torch.manual_seed(71)
train_lines, test_lines = lines(1500), lines(300)
loader = DataLoader(train_lines, batch_size=30, shuffle=True, collate_fn=collate)
model = Tagger()
criterion = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(3):
    model.train()
    total = 0.0
    for words, tags in loader:
        model.zero_grad()
        scores = model(words)
        loss = criterion(scores.reshape(-1, TAGS), tags.reshape(-1))
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(loader):.4f}")

model.eval()
right = seen = 0
with torch.no_grad():
    for first in range(0, len(test_lines), 30):
        chosen = test_lines[first : first + 30]
        words = pad_sequence([w for w, _ in chosen], batch_first=True, padding_value=PAD)
        guess = model(words).argmax(-1)
        for row, (line, tags) in enumerate(chosen):
            right += (guess[row, : len(line)] == tags).sum().item()
            seen += len(line)
print(f"held-out accuracy {right / seen:.4f}")
