import json, math, os
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(42)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.json")) as f:
    hp = json.load(f)

# ---- melodies: a second-order rule with some improvisation -------------------------------
V = hp["notes"]
rng = np.random.default_rng(5)
rule = rng.integers(0, V, size=(V, V))


def compose(n, length, seed):
    r = np.random.default_rng(seed)
    seqs = np.zeros((n, length), dtype=np.int64)
    seqs[:, 0] = r.integers(0, V, n)
    seqs[:, 1] = r.integers(0, V, n)
    for t in range(2, length):
        nxt = rule[seqs[:, t - 1], seqs[:, t - 2]]
        free = r.random(n) < 0.15
        seqs[:, t] = np.where(free, r.integers(0, V, n), nxt)
    return torch.from_numpy(seqs)


train_data = compose(3000, hp["context"] + 1, 1)
valid_data = compose(200, hp["context"] + 1, 2)


class MelodyTransformer(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.d = hp["d_model"]
        self.emb = nn.Embedding(V, self.d)
        self.pos = nn.Embedding(hp["context"] + 16, self.d)
        layer = nn.TransformerEncoderLayer(self.d, hp["heads"], hp["ff"], hp["dropout"], batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, hp["layers"])
        self.head = nn.Linear(self.d, V)

    def forward(self, tokens):
        x = self.emb(tokens) + self.pos(torch.arange(tokens.size(1)))
        x = self.encoder(x)
        return self.head(x)


model = MelodyTransformer(hp)
optimizer = torch.optim.Adam(model.parameters(), lr=hp["lr"])
loss_fn = nn.CrossEntropyLoss()


@torch.no_grad()
def continuation_accuracy(n_prompts=200, prompt=8, steps=8):
    """Give the model a prefix, let it name the next note, append the true one, go on."""
    model.eval()
    good = total = 0
    seqs = valid_data[:n_prompts]
    for t in range(prompt, prompt + steps):
        nxt = model(seqs[:, :t])[:, -1].argmax(-1)
        good += (nxt == seqs[:, t]).sum().item()
        total += len(seqs)
    model.train()
    return good / total


step = 0
for epoch in range(hp["epochs"]):
    perm = torch.randperm(len(train_data))
    losses = []
    for i in range(0, len(perm), hp["batch_size"]):
        chunk = train_data[perm[i:i + hp["batch_size"]]]
        inp, tgt = chunk[:, :-1], chunk[:, 1:]
        logits = model(inp)
        loss = loss_fn(logits.reshape(-1, V), tgt.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        step += 1
    print(f"epoch {epoch + 1:2d} step {step:4d} train ppl {math.exp(np.mean(losses)):.3f} "
          f"continuation acc {continuation_accuracy():.3f}")

with torch.no_grad():
    model.eval()
    song = valid_data[:1, :8]
    for _ in range(16):
        p = torch.softmax(model(song)[:, -1], -1)
        song = torch.cat([song, torch.multinomial(p, 1)], 1)
    print("sample:", song[0].tolist())
