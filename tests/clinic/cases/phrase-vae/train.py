"""Sentence auto-encoder: bidirectional GRU encoder, latent vector, parallel decoder; small KL term."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class SentenceVAE(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size, latent_size, length):
        super().__init__()
        self.vocab_size, self.length = vocab_size, length
        self.hidden_size = hidden_size
        self.hidden_factor = 2
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.encoder_rnn = nn.GRU(embedding_size, hidden_size, bidirectional=True, batch_first=True)
        self.hidden2mean = nn.Linear(hidden_size * self.hidden_factor, latent_size)
        self.hidden2logv = nn.Linear(hidden_size * self.hidden_factor, latent_size)
        self.latent2hidden = nn.Linear(latent_size, 96)
        self.outputs2vocab = nn.Linear(96, length * vocab_size)

    def forward(self, input_sequence):
        batch_size = input_sequence.size(0)
        _, hidden = self.encoder_rnn(self.embedding(input_sequence))
        # flatten hidden state
        hidden = hidden.view(batch_size, self.hidden_size * self.hidden_factor)
        mean, logv = self.hidden2mean(hidden), self.hidden2logv(hidden)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * logv) if self.training else mean
        h = F.relu(self.latent2hidden(z))
        return self.outputs2vocab(h).view(batch_size, self.length, self.vocab_size), mean, logv


def kl_weight(step, x0=150):
    return min(0.02, 0.02 * step / x0)


def phrases(n, vocab, length):
    """A phrase is a start word and a stride through the lexicon."""
    start = torch.randint(0, vocab, (n, 1))
    stride = torch.randint(1, 4, (n, 1))
    return (start + stride * torch.arange(length)) % vocab


torch.manual_seed(15)
vocab, length = 18, 6
train, test = phrases(3200, vocab, length), phrases(400, vocab, length)
model = SentenceVAE(vocab, 20, 40, 12, length)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
step = 0
for epoch in range(5):
    model.train()
    for batch in train[torch.randperm(len(train))].split(50):
        logits, mean, logv = model(batch)
        nll = F.cross_entropy(logits.reshape(-1, vocab), batch.reshape(-1))
        kl = -0.5 * (1 + logv - mean.pow(2) - logv.exp()).sum(1).mean()
        loss = nll + kl_weight(step) * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    print(f'Epoch {epoch} NLL {nll.item():.4f} KL {kl.item():.3f}')
model.eval()
with torch.no_grad():
    parts = [(model(b)[0].argmax(-1) == b).float().mean() for b in test.split(50)]
print(f'word reconstruction {torch.stack(parts).mean().item():.3f} (chance {1 / vocab:.3f})')
