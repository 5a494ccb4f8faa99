"""Tag the words of short order messages: 0 product, 1 quantity, 2 place, 3 other."""
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

TAGS = ["product", "quantity", "place", "other"]
PAD_TAG = 0


def make_message(rng):
    """Words 1-40 are products, 41-60 quantities, 61-80 places, 81-150 others; 140-150 is a product after a quantity."""
    words, tags, after_quantity = [], [], False
    for _ in range(rng.randint(6, 14)):
        tag = rng.choices(range(4), weights=[4, 2, 2, 3])[0]
        low, high = [(1, 40), (41, 60), (61, 80), (81, 150)][tag]
        word = rng.randint(low, high)
        words.append(word)
        tags.append(0 if word >= 140 and after_quantity else tag)
        after_quantity = tag == 1
    return torch.tensor(words), torch.tensor(tags)


def collate(messages):
    words, tags = zip(*messages)
    return pad_sequence(words, batch_first=True), pad_sequence(tags, batch_first=True, padding_value=PAD_TAG), \
        torch.tensor([len(w) for w in words])


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(151, 32, padding_idx=0)
        self.lstm = nn.LSTM(32, 32, batch_first=True, bidirectional=True)
        self.tag = nn.Linear(64, len(TAGS))

    def forward(self, words):
        return self.tag(self.lstm(self.embed(words))[0])


def report(model, loader):
    right, total = torch.zeros(4), torch.zeros(4)
    model.eval()
    with torch.no_grad():
        for words, tags, lengths in loader:
            real = torch.arange(words.size(1))[None, :] < lengths[:, None]
            guess, truth = model(words).argmax(-1)[real], tags[real]
            total += torch.bincount(truth, minlength=4)
            right += torch.bincount(truth[guess == truth], minlength=4)
    model.train()
    return right / total, (right.sum() / total.sum()).item()


def main():
    rng = random.Random(8)
    torch.manual_seed(8)
    train = DataLoader([make_message(rng) for _ in range(1600)], batch_size=32, shuffle=True, collate_fn=collate)
    test = DataLoader([make_message(rng) for _ in range(400)], batch_size=100, collate_fn=collate)
    model = Tagger()
    criterion = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(5):
        for words, tags, _ in train:
            loss = criterion(model(words).transpose(1, 2), tags)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        recall, accuracy = report(model, test)
        print(f"epoch {epoch}: loss {loss.item():.3f}  accuracy {accuracy:.3f}")
    print("recall per tag: " + ", ".join(f"{name} {r:.3f}" for name, r in zip(TAGS, recall.tolist())))
    print(f"test accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
