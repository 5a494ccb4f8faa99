"""Connectionist temporal classification: letters from a beeping signal, without knowing where they are."""
import random

import torch
from torch import nn

random.seed(51)
torch.manual_seed(51)
LETTERS = "aeinst"
TONES = torch.randn(len(LETTERS), 6)
FRAMES, BLANK = 30, 0


def message():
    n = random.randint(2, 4)
    text = [random.randrange(len(LETTERS)) for _ in range(n)]
    frames = torch.zeros(FRAMES, 6)
    at = random.randint(0, 3)
    for c in text:
        hold = random.randint(3, 5)
        frames[at:at + hold] = TONES[c]
        at += hold + random.randint(1, 2)
    return frames + 0.3 * torch.randn(FRAMES, 6), [c + 1 for c in text]


def batch(n):
    frames, texts = zip(*(message() for _ in range(n)))
    lengths = torch.tensor([len(t) for t in texts])
    return torch.stack(frames, 1), torch.tensor(sum(texts, [])), lengths, texts      # signal is (time, batch, tone)


class Listener(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.conv = nn.Conv1d(6, hidden, 5, padding=2)
        self.gru = nn.GRU(hidden, hidden, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(LETTERS) + 1)

    def forward(self, signal):
        h = torch.relu(self.conv(signal.permute(1, 2, 0))).permute(2, 0, 1)
        y, _ = self.gru(h)
        return self.out(y).log_softmax(-1)


def decode(log_probs):
    said = []
    for path in log_probs.argmax(-1).T.tolist():
        said.append([c for i, c in enumerate(path) if c != BLANK and (i == 0 or path[i - 1] != c)])
    return said


net, ctc = Listener(), nn.CTCLoss(blank=BLANK)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(1, 201):
    signal, targets, lengths, _ = batch(24)
    log_probs = net(signal)
    loss = ctc(log_probs, targets, torch.full((24,), FRAMES), lengths)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimizer.step()
    if step == 1 or step % 25 == 0:
        with torch.no_grad():
            signal, _, _, texts = batch(100)
            whole = sum(a == b for a, b in zip(decode(net(signal)), texts))
        print(f"step {step:3d}: CTC loss {loss.item():.3f}, messages read without a mistake {whole}/100")
