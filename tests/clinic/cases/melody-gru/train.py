import torch
from torch import nn, optim
import random

random.seed(3)
torch.manual_seed(3)
SCALE = 14


def tune(length=65):
    # random walk on a scale with a habit: after two steps up comes a leap down
    notes = [random.randrange(SCALE)]
    up = 0
    while len(notes) < length:
        if up == 2:
            step, up = -5, 0
        elif notes[-1] % 3 == 0:
            step, up = 2, up + 1
        else:
            step, up = 1, up + 1
        notes.append((notes[-1] + step) % SCALE)
    return notes


tunes = torch.tensor([tune() for _ in range(360)])
train_tunes, test_tunes = tunes[:300], tunes[300:]
SEQ = 16


def windows(t):
    inputs, targets = [], []
    for start in range(0, t.size(1) - SEQ, SEQ):
        inputs.append(t[:, start:start + SEQ])
        targets.append(t[:, start:start + SEQ])
    return torch.cat(inputs), torch.cat(targets)


class MelodyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.note = nn.Embedding(SCALE, 24)
        self.gru = nn.GRU(24, 48, batch_first=True)
        self.to_note = nn.Linear(48, SCALE)

    def forward(self, x, state=None):
        out, state = self.gru(self.note(x), state)
        return self.to_note(out), state


X, Y = windows(train_tunes)
model = MelodyModel()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(12):
    total, count = 0.0, 0
    for b in torch.randperm(len(X)).split(40):
        optimizer.zero_grad()
        logits, _ = model(X[b])
        loss = criterion(logits.transpose(1, 2), Y[b])
        loss.backward()
        optimizer.step()
        total, count = total + loss.item(), count + 1
    print("epoch {} loss {:.5f}".format(epoch + 1, total / count))

with torch.no_grad():
    logits, _ = model(test_tunes[:, :-1])
    acc = (logits.argmax(-1) == test_tunes[:, 1:])[:, 8:].float().mean().item()
print("predicting the next note of unseen tunes: {:.3f}".format(acc))
