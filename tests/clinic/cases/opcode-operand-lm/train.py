"""Next-token model for a stream of (opcode, operand) pairs."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

OPS = 20
torch.manual_seed(31)
operand_of = torch.randperm(OPS) + OPS


def program(n_pairs):
    ops = torch.randint(0, OPS, (n_pairs,))
    args = torch.where(torch.rand(n_pairs) < 0.97, operand_of[ops], torch.randint(OPS, 2 * OPS, (n_pairs,)))
    return torch.stack([ops, args], 1).reshape(-1)


class TokenLM(nn.Module):
    def __init__(self, vocab, dim=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.gru = nn.GRU(dim, 64, batch_first=True)
        self.head = nn.Linear(64, vocab)

    def forward(self, tokens):
        return self.head(self.gru(self.emb(tokens))[0])


def batches(stream, length=20, bs=32):
    chunks = stream[:len(stream) // (length + 2) * (length + 2)].view(-1, length + 2)
    for rows in torch.randperm(len(chunks)).split(bs):
        block = chunks[rows]
        yield block[:, :-2], block[:, 2:]


stream, held = program(40000), program(3000)
lm = TokenLM(2 * OPS)
opt = torch.optim.Adam(lm.parameters(), lr=4e-3)
for epoch in range(3):
    for step, (src, tgt) in enumerate(batches(stream)):
        loss = F.cross_entropy(lm(src).transpose(1, 2), tgt)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f'epoch {epoch} loss {loss.item():.3f}')

with torch.no_grad():
    total = [F.cross_entropy(lm(s).transpose(1, 2), t).item() for s, t in batches(held)]
print(f'held-out loss {sum(total) / len(total):.3f} (entropy of the tokens given their kind {math.log(OPS):.3f})')
