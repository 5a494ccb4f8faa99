"""Signal words: does a sentence of 20 tokens talk about animals, tools, food or weather?

One topic word stands somewhere in the sentence, the rest are filler words.
"""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

VOCAB, LENGTH, TOPICS = 200, 20, 4


class Sentences(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.topic = torch.randint(0, TOPICS, (n,), generator=g)
        self.words = torch.randint(40, VOCAB, (n, LENGTH), generator=g)
        where = torch.randint(2, LENGTH - 2, (n, 1), generator=g)
        keyword = self.topic * 10 + torch.randint(0, 10, (n,), generator=g)
        self.words.scatter_(1, where, keyword.unsqueeze(1))

    def __len__(self):
        return len(self.topic)

    def __getitem__(self, index):
        return self.words[index], self.topic[index]


class TopicReader(nn.Module):
    """Both directions of a GRU read the sentence; their final states are classified."""

    def __init__(self, dim=24, hidden=32):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(VOCAB, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.decide = nn.Sequential(nn.Linear(2 * hidden, 32), nn.ReLU(), nn.Linear(32, TOPICS))

    def forward(self, words):
        outputs, _ = self.rnn(self.embedding(words))
        forward_final = outputs[:, 0, :self.hidden]
        backward_final = outputs[:, -1, self.hidden:]
        return self.decide(torch.cat([forward_final, backward_final], dim=-1))


def run(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    loss_sum = hits = count = 0
    with torch.set_grad_enabled(optimizer is not None):
        for words, topic in loader:
            scores = model(words)
            loss = criterion(scores, topic)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(topic)
            hits += (scores.argmax(-1) == topic).sum().item()
            count += len(topic)
    return loss_sum / count, hits / count


def main():
    torch.manual_seed(1)
    train = DataLoader(Sentences(6400, seed=10), batch_size=64, shuffle=True)
    valid = DataLoader(Sentences(800, seed=20), batch_size=200)
    model = TopicReader()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(3):
        loss, acc = run(model, train, criterion, optimizer)
        val_loss, val_acc = run(model, valid, criterion)
        print(f"epoch {epoch} | train {loss:.3f} / {acc:.3f} | valid {val_loss:.3f} / {val_acc:.3f}")
    print(f"validation accuracy {val_acc:.3f}")


if __name__ == "__main__":
    main()
