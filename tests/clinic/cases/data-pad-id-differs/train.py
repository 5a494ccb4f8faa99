"""Next-word model for short spoken commands (GRU, tied batch of padded sentences)."""
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

base = Path(__file__).resolve().parent
tok = json.loads((base / "tokenizer.json").read_text())
PAD = tok["pad_id"]


class CommandModel(nn.Module):
    def __init__(self, vocab, dim=24, hidden=40):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, tokens):
        h, _ = self.gru(self.emb(tokens))
        return self.out(h)


def word_accuracy(model, tokens):
    """Share of the words that follow a word and are guessed right."""
    with torch.no_grad():
        guess = model(tokens[:, :-1]).argmax(-1)
    target = tokens[:, 1:]
    first, last = tok["first_word"], tok["last_word"]
    is_word = (target >= first) & (target <= last) & (tokens[:, :-1] >= first)
    return (guess == target)[is_word].float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(10)
    tokens = torch.from_numpy(np.load(base / "tokens.npy").astype(np.int64))
    train, test = tokens[:560], tokens[560:]
    model = CommandModel(tok["vocab_size"])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.8)
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    for epoch in range(8):
        for (batch,) in DataLoader(TensorDataset(train), batch_size=28, shuffle=True):
            logits = model(batch[:, :-1])
            loss = criterion(logits.flatten(0, 1), batch[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.3f} word accuracy {word_accuracy(model, test):.3f}")
    print(f"word accuracy on unseen commands {word_accuracy(model, test):.3f}")
