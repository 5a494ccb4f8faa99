"""Bengio-style n-gram language model over syllables."""
import math
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


class NGram(torch.nn.Module):
    def __init__(self, vocab, context=2, dim=24, hidden=96):
        super().__init__()
        self.lookup = torch.nn.Embedding(vocab, dim)
        self.hidden = torch.nn.Linear(context * dim, hidden)
        self.scores = torch.nn.Linear(hidden, vocab)

    def forward(self, context):
        e = self.lookup(context).view(len(context), -1)
        return self.scores(torch.tanh(self.hidden(e)))


def main():
    random.seed(1)
    torch.manual_seed(1)
    here = Path(__file__).resolve().parent
    vocab = (here / "vocab.txt").read_text().split()
    pairs = np.load(here / "ngrams.npz")
    context = torch.from_numpy(pairs["context"]).long()
    target = torch.from_numpy(pairs["target"]).long()
    train, test = torch.arange(2600), torch.arange(2600, len(target))
    model = NGram(len(vocab))
    opt = torch.optim.Adam(model.parameters(), lr=8e-3)
    counts = torch.bincount(target[train], minlength=len(vocab)).float() + 1
    unigram = F.nll_loss((counts / counts.sum()).log().expand(len(test), -1), target[test]).item()
    for epoch in range(6):
        for rows in torch.randperm(len(train)).split(65):
            loss = F.cross_entropy(model(context[rows]), target[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            held = F.cross_entropy(model(context[test]), target[test]).item()
        print(f"epoch {epoch}: perplexity {math.exp(held):.1f}")
    print(f"held-out loss {held:.3f} (word frequencies alone {unigram:.3f})")


main()
