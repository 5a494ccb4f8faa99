"""Masked language model: 15 % of the tokens are hidden and guessed from both sides, no causal mask."""
import torch
from torch import nn

torch.manual_seed(48)
VOCAB, LENGTH, MASK = 24, 16, 0
CYCLES = torch.stack([torch.randperm(VOCAB - 1) + 1 for _ in range(2)])


def lines(n):
    """Each line walks round one of two hidden cycles, with a few misprints."""
    which = torch.randint(0, 2, (n,))
    start = torch.randint(0, VOCAB - 1, (n,))
    pos = (start[:, None] + torch.arange(LENGTH)) % (VOCAB - 1)
    tokens = CYCLES[which[:, None], pos]
    misprint = torch.rand(n, LENGTH) < 0.03
    return torch.where(misprint, torch.randint(1, VOCAB, (n, LENGTH)), tokens)


def hide(tokens):
    chosen = torch.rand(tokens.shape) < 0.15
    chosen[:, 0] |= ~chosen.any(1)
    labels = tokens.masked_fill(~chosen, -100)
    shown = tokens.masked_fill(chosen, MASK)
    return shown, labels


class MaskedLM(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.tok, self.pos = nn.Embedding(VOCAB, width), nn.Embedding(LENGTH, width)
        self.near = nn.Conv1d(width, width, 3, padding=1)
        layer = nn.TransformerEncoderLayer(width, 4, 96, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(width, VOCAB)

    def forward(self, tokens):
        x = self.tok(tokens)
        x = x + self.near(x.transpose(1, 2)).transpose(1, 2) + self.pos.weight
        return self.head(self.encoder(x))


model = MaskedLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
loss_fct = nn.CrossEntropyLoss()                      # -100 is ignored by default
test_shown, test_labels = hide(lines(300))
for step in range(1, 301):
    shown, labels = hide(lines(32))
    loss = loss_fct(model(shown).view(-1, VOCAB), labels.view(-1))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if step == 1 or step % 50 == 0:
        with torch.no_grad():
            asked = test_labels != -100
            acc = (model(test_shown).argmax(-1) == test_labels)[asked].float().mean().item()
        print(f"{{'step': {step}, 'loss': {loss.item():.4f}, 'eval_masked_accuracy': {acc:.3f}}}")
