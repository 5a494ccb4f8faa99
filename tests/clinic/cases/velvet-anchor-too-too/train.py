import random
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, DataLoader

SEED = 7
random.seed(SEED)
torch.manual_seed(SEED)

POS = "great lovely superb fresh tasty friendly perfect warm".split()
NEG = "awful stale rude cold bland dirty broken slow".split()
FILL = ("the food was and we ordered soup with bread table near window waiter brought "
        "menu after an hour again family dinner place street evening").split()
VOCAB = {w: i for i, w in enumerate(["<pad>"] + FILL + POS + NEG)}
MAX_LEN = 70


def make_review(rng):
    label = rng.randint(0, 1)
    n = rng.randint(5, 14) if rng.random() < 0.97 else rng.randint(40, MAX_LEN)
    words = [rng.choice(FILL) for _ in range(n)]
    major, minor = (POS, NEG) if label else (NEG, POS)
    spots = rng.sample(range(n), 3)
    words[spots[0]] = rng.choice(major)
    words[spots[1]] = rng.choice(major)
    words[spots[2]] = rng.choice(minor) if rng.random() < 0.4 else rng.choice(major)
    return words, label


class ReviewDataset(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.rows = [make_review(rng) for _ in range(n)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        words, label = self.rows[i]
        ids = torch.tensor([VOCAB[w] for w in words])
        return ids, float(label)


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    padded = pad_sequence(list(seqs), batch_first=True)
    if padded.size(1) < MAX_LEN:
        extra = torch.zeros(padded.size(0), MAX_LEN - padded.size(1), dtype=torch.long)
        padded = torch.cat([padded, extra], dim=1)
    return padded, lengths, torch.tensor(labels)


class SentimentRNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim=32, hidden_dim=48, drop_prob=0.2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(drop_prob)
        self.fc = nn.Linear(hidden_dim, 1)

    def forward(self, x, lengths):
        embeds = self.embedding(x)
        lstm_out, _ = self.lstm(embeds)
        last = lstm_out[:, -1, :]
        return self.fc(self.dropout(last)).squeeze(1)


def evaluate(model, loader, criterion):
    model.eval()
    loss_sum, correct, n = 0.0, 0, 0
    with torch.no_grad():
        for x, lengths, y in loader:
            logits = model(x, lengths)
            loss_sum += criterion(logits, y).item() * len(y)
            correct += ((logits > 0).float() == y).sum().item()
            n += len(y)
    return loss_sum / n, correct / n


def main():
    train_loader = DataLoader(ReviewDataset(3200, 1), batch_size=64, shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(ReviewDataset(800, 2), batch_size=200, collate_fn=collate)

    model = SentimentRNN(len(VOCAB))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    clip = 5

    for epoch in range(1, 8):
        start = time.time()
        model.train()
        running = 0.0
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x, lengths), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            running += loss.item()
        val_loss, val_acc = evaluate(model, valid_loader, criterion)
        print(f"Epoch: {epoch}/7 | train loss {running / len(train_loader):.4f} | "
              f"val loss {val_loss:.4f} | val acc {val_acc * 100:.2f}% | {time.time() - start:.1f}s")


if __name__ == "__main__":
    main()
