import numpy as np
import torch
import torch.nn as nn

BLOCK, BATCH = 24, 32


def corpus(n, seed):
    r = np.random.default_rng(seed)
    table = np.random.default_rng(0).permutation(16)
    out, a, b = [], 0, 1
    for _ in range(n):
        c = int(table[(a * 3 + b) % 16]) if r.random() > 0.12 else int(r.integers(16))
        out.append(c)
        a, b = b, c
    return "".join("abcdefghijklmnop"[c] for c in out)


class CharLSTM(nn.Module):
    def __init__(self, n_chars, hidden=96):
        super().__init__()
        self.embed = nn.Embedding(n_chars, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.decode = nn.Linear(hidden, n_chars)

    def forward(self, idx):
        out, _ = self.lstm(self.embed(idx))
        return self.decode(out)


text = corpus(40000, 3)
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
train_data, val_data = data[:36000], data[36000:]


def get_batch(split):
    d = train_data if split == "train" else val_data
    ix = torch.randint(len(d) - 2 * BLOCK, (BATCH,)).tolist()
    x = torch.stack([d[i:i + BLOCK] for i in ix])
    y = torch.stack([d[i + BLOCK:i + 2 * BLOCK] for i in ix])
    return x, y


@torch.no_grad()
def estimate(model, criterion, n=10):
    model.eval()
    loss = acc = 0.0
    for _ in range(n):
        x, y = get_batch("val")
        logits = model(x)
        loss += criterion(logits.transpose(1, 2), y).item() / n
        acc += (logits.argmax(-1) == y).float().mean().item() / n
    model.train()
    return loss, acc


torch.manual_seed(1337)
model = CharLSTM(len(chars))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
for it in range(501):
    x, y = get_batch("train")
    loss = criterion(model(x).transpose(1, 2), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 100 == 0:
        vl, va = estimate(model, criterion)
        print(f"iter {it}: train loss {loss.item():.4f}, val loss {vl:.4f}, val acc {va:.3f}")
