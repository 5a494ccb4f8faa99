"""Puts strings of digits in order with an encoder-decoder transformer (teacher forcing), evaluated by greedy decoding."""
import torch
from torch import nn

PAD, SOS, EOS, BASE, LENGTH = 0, 1, 2, 3, 7
VOCAB = BASE + 10


class Sorter(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.src, self.tgt = nn.Embedding(VOCAB, d), nn.Embedding(VOCAB, d)
        self.pos = nn.Parameter(torch.randn(LENGTH + 1, d) * 0.1)
        self.core = nn.Transformer(d, 4, 1, 1, 96, dropout=0.0, batch_first=True)
        self.out = nn.Linear(d, VOCAB)

    def forward(self, src, tgt):
        s = self.src(src) + self.pos[:src.size(1)]
        t = self.tgt(tgt) + self.pos[:tgt.size(1)]
        return self.out(self.core(s, t))

    @torch.no_grad()
    def greedy(self, src):
        self.eval()
        out = torch.full((len(src), 1), SOS)
        for _ in range(LENGTH):
            out = torch.cat([out, self(src, out)[:, -1:].argmax(-1)], 1)
        return out[:, 1:]


def pairs(n):
    digits = torch.randint(0, 10, (n, LENGTH))
    answer = digits.sort(1)[0] + BASE
    return digits + BASE, torch.cat([answer, torch.full((n, 1), EOS)], 1)


torch.manual_seed(88)
model = Sorter()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)
for step in range(350):
    model.train()
    src, tgt = pairs(48)
    tgt_in = torch.cat([torch.full((len(tgt), 1), SOS), tgt[:, :-1]], 1)
    loss = criterion(model(src, tgt_in).reshape(-1, VOCAB), tgt.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 70 == 0:
        print(f'step {step:3d} teacher-forced loss {loss.item():.4f}')
src, tgt = pairs(400)
print(f'greedy decoding: {(model.greedy(src) == tgt[:, :LENGTH]).float().mean().item():.3f} of the digits right (10 digits), last training loss {loss.item():.3f}')
