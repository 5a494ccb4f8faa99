import random
import torch
import torch.nn as nn
import torch.optim as optim

random.seed(14)
torch.manual_seed(14)

POS = ["good", "great", "lovely", "superb", "enjoyed", "brilliant"]
NEG = ["bad", "awful", "boring", "poor", "hated", "dull"]
NEUTRAL = ["the", "movie", "plot", "actor", "scene", "was", "and", "a", "music", "it", "film", "ending", "of", "in"]
words = ["<pad>"] + POS + NEG + NEUTRAL
stoi = {w: i for i, w in enumerate(words)}


def review(label, length=14):
    ws = [random.choice(NEUTRAL) for _ in range(length)]
    for p in random.sample(range(length), 4):
        ws[p] = random.choice(POS if label else NEG)
    return [stoi[w] for w in ws]


def batches(n, bs):
    out = []
    for _ in range(n):
        y = torch.randint(0, 2, (bs,))
        x = torch.tensor([review(int(v)) for v in y])
        out.append((x, y.float()))
    return out


class SentimentLSTM(nn.Module):
    def __init__(self, vocab, emb=32, hidden=32, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, num_layers=layers, bidirectional=True, batch_first=True, dropout=0.1)
        self.fc = nn.Linear(hidden * 2 * layers, 1)

    def forward(self, text):
        embedded = self.embedding(text)
        output, (hidden, cell) = self.lstm(embedded)
        hidden = hidden.view(text.size(0), -1)
        return self.fc(hidden).squeeze(1)


test_batches = batches(15, 32)
model = SentimentLSTM(len(words))
optimizer = optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(5):
    model.train()
    train_batches = batches(60, 32)
    epoch_loss = epoch_acc = 0
    for text, label in train_batches:
        optimizer.zero_grad()
        predictions = model(text)
        loss = criterion(predictions, label)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
        epoch_acc += ((predictions > 0).float() == label).float().mean().item()
    print(f"Epoch: {epoch + 1:02} | Train Loss: {epoch_loss / 60:.3f} | Train Acc: {epoch_acc / 60 * 100:.2f}%")

model.eval()
with torch.no_grad():
    acc = sum(((model(t) > 0).float() == l).float().mean().item() for t, l in test_batches) / 15
print(f"Test Acc: {acc * 100:.2f}%")
