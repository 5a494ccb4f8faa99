import torch
from torch import nn


class IntentNet(nn.Module):
    def __init__(self, vocab, dim, hidden, layers, n_out=5):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, hidden, num_layers=layers, batch_first=True)
        self.squeeze = nn.Linear(hidden, 6)
        self.head = nn.Linear(6, n_out)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))
        return self.head(torch.tanh(self.squeeze(out.mean(1))))


def apply_freeze(model, prefixes):
    for name, p in model.named_parameters():
        if any(name.startswith(k) for k in prefixes):
            p.requires_grad_(False)
    return [p for p in model.parameters() if p.requires_grad]
