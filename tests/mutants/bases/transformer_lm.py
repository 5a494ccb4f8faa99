"""A small decoder-only language model over chants of twelve syllables; each follows from the two before it."""

import torch
from torch import nn

LR = 3e-3
VOCAB, LENGTH, WIDTH, BATCH, STEPS = 12, 20, 48, 32, 320


class ChantModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCAB, WIDTH)
        self.place = nn.Embedding(LENGTH, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.say = nn.Linear(WIDTH, VOCAB)

    def forward(self, tokens):
        steps = tokens.size(1)
        mask = nn.Transformer.generate_square_subsequent_mask(steps)
        h = self.token(tokens) + self.place.weight[:steps]
        h = self.blocks(h, mask=mask)
        return self.say(self.norm(h))


def chants(n, table):
    song = [torch.randint(0, VOCAB, (n,)) for _ in range(2)]
    while len(song) < LENGTH + 1:
        follow = table[song[-2] // 3, song[-1]]
        slip = torch.rand(n) < 0.05
        song.append(torch.where(slip, torch.randint(0, VOCAB, (n,)), follow))
    return torch.stack(song, 1)


torch.manual_seed(31)
table = torch.stack([torch.randperm(VOCAB) for _ in range(4)])
corpus, unheard = chants(4000, table), chants(800, table)
model = ChantModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01)
loss_fn = nn.CrossEntropyLoss()

model.train()
for step in range(1, STEPS + 1):
    batch = corpus[torch.randint(len(corpus), (BATCH,))]
    inputs, targets = batch[:, :-1], batch[:, 1:]
    logits = model(inputs)
    loss = loss_fn(logits.reshape(-1, VOCAB), targets.reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step:4d}  loss {loss.item():.4f}")

model.eval()
hits = []
with torch.no_grad():  # the next syllable, from what was sung so far and nothing else
    for sung in (5, 10, 15):
        said = model(unheard[:, :sung])[:, -1].argmax(-1)
        hits.append((said == unheard[:, sung]).float().mean())
print(f"held-out accuracy {torch.stack(hits).mean():.4f}")
