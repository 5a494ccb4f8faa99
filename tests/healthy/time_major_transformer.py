"""Small encoder-decoder on (time, batch) tensors: nn.Transformer in its default layout, all masks given."""
import math
import random

import torch
from torch import nn

random.seed(5)
torch.manual_seed(5)
PAD, BOS, EOS = 0, 1, 2
TOPICS, WORDS = 4, 16
VOCAB = 3 + TOPICS + WORDS
FIRST_TOPIC, FIRST_WORD = 3, 3 + TOPICS
# every topic has its own favourite successor of a word
SUCCESSOR = [[random.randrange(WORDS) for _ in range(WORDS)] for _ in range(TOPICS)]


def dialogue():
    topic = random.randrange(TOPICS)
    n = random.randint(4, 9)
    src = [FIRST_WORD + random.randrange(WORDS) for _ in range(n)]
    src.insert(random.randrange(n + 1), FIRST_TOPIC + topic)
    word = random.randrange(WORDS)
    tgt = [BOS]
    for _ in range(random.randint(5, 10)):
        tgt.append(FIRST_WORD + word)
        word = SUCCESSOR[topic][word] if random.random() < 0.9 else random.randrange(WORDS)
    return src, tgt + [EOS]


def collate(pairs):
    srcs, tgts = zip(*pairs)
    pad = lambda seqs: nn.utils.rnn.pad_sequence([torch.tensor(s) for s in seqs], padding_value=PAD)
    return pad(srcs), pad(tgts)                # both (time, batch)


class Chat(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.width = width
        self.embed = nn.Embedding(VOCAB, width, padding_idx=PAD)
        self.place = nn.Parameter(torch.randn(16, 1, width) * 0.1)
        self.core = nn.Transformer(width, nhead=4, num_encoder_layers=1, num_decoder_layers=2,
                                   dim_feedforward=96, dropout=0.0, norm_first=True)
        self.out = nn.Linear(width, VOCAB)

    def look_up(self, tokens):
        return self.embed(tokens) + self.place[:tokens.size(0)]

    def forward(self, src, tgt):
        causal = nn.Transformer.generate_square_subsequent_mask(tgt.size(0))
        src_pad, tgt_pad = (src == PAD).T, (tgt == PAD).T      # (batch, time), True where there is nothing
        hidden = self.core(self.look_up(src), self.look_up(tgt), tgt_mask=causal,
                           src_key_padding_mask=src_pad,
                           tgt_key_padding_mask=torch.zeros(tgt_pad.shape).masked_fill(tgt_pad, -math.inf),
                           memory_key_padding_mask=src_pad)
        return self.out(hidden)


model = Chat()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)
print(f"uniform guess {math.log(VOCAB):.3f}")
for step in range(1, 321):
    src, tgt = collate([dialogue() for _ in range(24)])
    logits = model(src, tgt[:-1])
    loss = criterion(logits.reshape(-1, VOCAB), tgt[1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step == 1 or step % 40 == 0:
        print(f"step {step:3d}  cross entropy {loss.item():.3f}")
