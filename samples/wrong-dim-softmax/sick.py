"""A word-level language model on sentences of a small grammar (batch, time, vocabulary)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB, T, BATCH, STEPS = 60, 16, 24, 400
gen = torch.Generator().manual_seed(42)
# a few words are frequent, most are rare; every word has three favourite followers
frequency = 1.0 / torch.arange(1, VOCAB + 1)
followers = torch.multinomial(frequency.expand(VOCAB, -1), 3, generator=gen)
weights = torch.tensor([0.5, 0.3, 0.2])


def sentences(n):
    words = torch.empty(n, T + 1, dtype=torch.long)
    words[:, 0] = torch.randint(0, VOCAB, (n,), generator=gen)
    for t in range(T):
        choice = torch.multinomial(weights, n, replacement=True, generator=gen)
        words[:, t + 1] = followers[words[:, t], choice]
    return words


class LanguageModel(nn.Module):
    def __init__(self, dim=32, hidden=64):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.vocab = nn.Linear(hidden, VOCAB)

    def forward(self, words):
        out, _ = self.lstm(self.embed(words))
        return self.vocab(out)


def negative_log_likelihood(scores, target):
    log_p = F.log_softmax(scores, dim=0)
    return F.nll_loss(log_p.flatten(0, 1), target.flatten())


torch.manual_seed(0)
corpus, held_out = sentences(6000), sentences(500)
model = LanguageModel()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for step in range(STEPS):
    batch = corpus[torch.randint(0, len(corpus), (BATCH,))]
    loss = negative_log_likelihood(model(batch[:, :-1]), batch[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if (step + 1) % 100 == 0:
        print(f"step {step + 1}: loss {loss.item():.3f}")

with torch.no_grad():
    scores, target = model(held_out[:, :-1]).flatten(0, 1), held_out[:, 1:].flatten()
    perplexity = F.cross_entropy(scores, target).exp()
commonest = torch.bincount(target).max() / len(target)
print(f"next-word accuracy {(scores.argmax(-1) == target).float().mean():.3f} (commonest word {commonest:.3f})")
print(f"held-out perplexity {perplexity:.2f}")
