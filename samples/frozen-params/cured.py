"""Sentiment of short reviews on top of given word vectors, which stay as they are."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
WORDS, DIM, LENGTH = 300, 50, 15
word_vectors = rng.standard_normal((WORDS, DIM)).astype(np.float32)  # stands for a downloaded vector file
word_vectors[:20, :8] += 2.0  # the first words are negators: they turn round the mood of the word that follows
mood = np.where(np.abs(word_vectors[:, 8]) > 0.5, np.sign(word_vectors[:, 8]), 0).astype(int)
mood[:20] = 0


def reviews(n):
    words = rng.integers(0, WORDS, (n, LENGTH))
    words[:, ::4] = rng.integers(0, 20, words[:, ::4].shape)
    sign = np.ones((n, LENGTH), dtype=int)
    sign[:, 1:] = np.where(words[:, :-1] < 20, -1, 1)
    score = (mood[words] * sign).sum(1)
    keep = score != 0
    return torch.from_numpy(words[keep]), torch.from_numpy((score[keep] > 0).astype(np.float32))


class SentimentNet(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.vectors = nn.Embedding.from_pretrained(torch.from_numpy(vectors), freeze=False)
        self.context = nn.Conv1d(DIM, 64, kernel_size=2)
        self.reduce = nn.Linear(64, 4)
        self.output = nn.Linear(4, 1)

    def forward(self, words):
        h = torch.relu(self.context(self.vectors(words).transpose(1, 2)))
        h = torch.tanh(self.reduce(h.transpose(1, 2)))
        return self.output(h.sum(1)).squeeze(1)


def freeze_vectors(model):
    for part in list(model.children())[:1]:
        for p in part.parameters():
            p.requires_grad = False


def main():
    torch.manual_seed(0)
    train_words, train_labels = reviews(4000)
    test_words, test_labels = reviews(1000)
    loader = DataLoader(TensorDataset(train_words, train_labels), batch_size=64, shuffle=True)

    model = SentimentNet(word_vectors)
    freeze_vectors(model)
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=3e-3)
    criterion = nn.BCEWithLogitsLoss()

    for epoch in range(1, 9):
        model.train()
        total = 0.0
        for words, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(words), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            accuracy = ((model(test_words) > 0) == test_labels.bool()).float().mean().item()
        print(f"Epoch {epoch}/8 - loss {total / len(loader):.4f} - test accuracy {accuracy:.3f}")
    print(f"test accuracy {accuracy:.3f} (majority {max(test_labels.mean(), 1 - test_labels.mean()):.3f})")


if __name__ == "__main__":
    main()
