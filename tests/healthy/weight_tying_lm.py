"""Word-level language model whose output layer shares its matrix with the embedding."""
import math

import torch
from torch import nn

torch.manual_seed(55)
SUBJECTS = "ana ben cleo dora emil".split()
VERBS = {"eats": "bread soup rice plums".split(), "reads": "news poems maps".split(), "drives": "cars trucks".split(),
         "paints": "walls doors boats birds".split()}
ENDS = "today often never slowly again".split()
vocab = sorted({"."} | set(SUBJECTS) | set(VERBS) | {o for v in VERBS.values() for o in v} | set(ENDS))
stoi = {w: i for i, w in enumerate(vocab)}


def pick(seq):
    return seq[int(torch.randint(len(seq), (1,)))]


def corpus(sentences):
    words = []
    for _ in range(sentences):
        verb = pick(list(VERBS))
        words += [pick(SUBJECTS), verb, pick(VERBS[verb])]
        if torch.rand(1) < 0.5:
            words.append(pick(ENDS))
        words.append(".")
    return torch.tensor([stoi[w] for w in words])


class TiedLM(nn.Module):
    def __init__(self, ntoken, dim=40):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.decoder = nn.Linear(dim, ntoken)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.2, 0.2)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, tokens):
        out, _ = self.rnn(self.drop(self.encoder(tokens)))
        return self.decoder(self.drop(out))


text = corpus(3000)
length = 16
rows = text[: len(text) // (length + 1) * (length + 1)].view(-1, length + 1)
train, valid = rows[:-60], rows[-60:]
model = TiedLM(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()
print(f"{len(vocab)} words, uniform perplexity {len(vocab)}")
for epoch in range(1, 9):
    model.train()
    for batch in train[torch.randperm(len(train))].split(20):
        optimizer.zero_grad()
        logits = model(batch[:, :-1])
        loss = criterion(logits.flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = criterion(model(valid[:, :-1]).flatten(0, 1), valid[:, 1:].flatten()).item()
    print(f"| epoch {epoch} | train loss {loss.item():.3f} | valid ppl {math.exp(val):6.2f}")
