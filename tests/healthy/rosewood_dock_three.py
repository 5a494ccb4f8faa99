import torch
import torch.nn as nn

torch.manual_seed(0)

text = ("the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. "
        "how vexingly quick daft zebras jump! sphinx of black quartz, judge my vow. ") * 40
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])

# contiguous streams: state goes on from chunk to chunk (truncated BPTT)
batch_size, seq_len = 10, 24
n_chunks = (len(ids) - 1) // (batch_size * seq_len)
span = n_chunks * seq_len
xs = ids[:batch_size * span].view(batch_size, span)
ys = ids[1:batch_size * span + 1].view(batch_size, span)


class CharLSTM(nn.Module):
    def __init__(self, vocab, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(vocab, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        out, state = self.lstm(self.emb(x), state)
        return self.fc(out), state


model = CharLSTM(len(chars))
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    state = None
    total = 0.0
    for k in range(n_chunks):
        x = xs[:, k * seq_len:(k + 1) * seq_len]
        y = ys[:, k * seq_len:(k + 1) * seq_len]
        if state is not None:
            state = tuple(s.detach() for s in state)
        logits, state = model(x, state)
        loss = criterion(logits.reshape(-1, len(chars)), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1} loss {total / n_chunks:.4f} ppl {torch.tensor(total / n_chunks).exp().item():.2f}")
print(f"{n_chunks * 8} steps, loss per char {total / n_chunks:.4f} (uniform {torch.tensor(float(len(chars))).log().item():.3f})")
