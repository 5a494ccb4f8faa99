"""Which desk should answer a letter? Self-attention written by hand, padded letters, log-softmax and NLL."""

import math

import torch
import torch.nn.functional as F
from torch import nn

VOCAB, DESKS, LONGEST = 50, 4, 16
PAD, START = 0, 1


def letters(n):
    """The desk is the topic that most words come from (ten words a topic, ten of no topic)."""
    words = torch.full((n, LONGEST), PAD)
    desk = torch.randint(0, DESKS, (n,))
    for i in range(n):
        length = int(torch.randint(5, LONGEST, (1,)))
        topical = 10 + 10 * desk[i] + torch.randint(0, 10, (length,))
        other = torch.randint(2, VOCAB, (length,))
        words[i, 0] = START
        words[i, 1 : length + 1] = torch.where(torch.rand(length) < 0.45, topical, other)
    return words, desk


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.mix = nn.Linear(width, width)

    def forward(self, x, padding):
        scores = self.q(x) @ self.k(x).transpose(1, 2) / math.sqrt(x.size(-1))
        scores = scores.masked_fill(padding[:, None, :], -1e9)
        weights = torch.softmax(scores, dim=-1)
        return self.mix(weights @ self.v(x))


class Router(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.words = nn.Embedding(VOCAB, width)
        self.attend = Attention(width)
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.desk = nn.Linear(width, DESKS)

    def forward(self, words):
        padding = words == PAD
        x = self.words(words)
        x = self.norm(x + self.attend(x, padding))
        x = F.gelu(self.hidden(x[:, 0]))
        return F.log_softmax(self.desk(x), dim=1)


def fit(model, words, desk, epochs=6, batch=32):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(words)).split(batch):
            optimizer.zero_grad()
            loss = F.nll_loss(model(words[rows]), desk[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch}: nll {total / len(words):.4f}")


def main():
    torch.manual_seed(97)
    words, desk = letters(1800)
    test_words, test_desk = letters(500)
    model = Router()
    fit(model, words, desk)
    model.eval()
    with torch.no_grad():  # letters come in one at a time
        guess = torch.cat([model(letter).argmax(1) for letter in test_words.split(1)])
    print(f"held-out accuracy {(guess == test_desk).float().mean():.4f}")


if __name__ == "__main__":
    main()
