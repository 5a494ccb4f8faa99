"""Transformer language model in the manner of the tutorial, on verses of an invented language."""
import math
import torch
from torch import nn, Tensor
import torch.nn.functional as F


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, max_len: int = 64):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer('pe', pe)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pe[:x.size(0)]


class TransformerModel(nn.Module):
    def __init__(self, ntoken, d_model=32, nhead=2, d_hid=64, nlayers=1):
        super().__init__()
        self.pos_encoder = PositionalEncoding(d_model)
        layers = nn.TransformerEncoderLayer(d_model, nhead, d_hid, 0.0)
        self.transformer_encoder = nn.TransformerEncoder(layers, nlayers)
        self.encoder = nn.Embedding(ntoken, d_model)
        self.d_model = d_model
        self.decoder = nn.Linear(d_model, ntoken)
        self.encoder.weight.data.uniform_(-0.1, 0.1)
        self.decoder.bias.data.zero_()

    def forward(self, src: Tensor, src_mask: Tensor = None) -> Tensor:
        src = self.pos_encoder(self.encoder(src) * math.sqrt(self.d_model))
        return self.decoder(self.transformer_encoder(src, src_mask))


def babble(n, ntoken, gen):
    """Two voices alternate; each word depends on the previous word of its own voice (three choices, one likely)."""
    table = torch.stack([torch.randperm(ntoken, generator=gen) for _ in range(3)], 1)
    out = [0, 1]
    picks = torch.multinomial(torch.tensor([.8, .15, .05]), n, replacement=True, generator=gen).tolist()
    for k in picks:
        out.append(int(table[out[-2], k]))
    return torch.tensor(out)


gen = torch.Generator().manual_seed(5)
torch.manual_seed(5)
ntokens, bptt, bsz = 40, 16, 20
data = babble(34000, ntokens, gen)
train_data = data[:32000].view(bsz, -1).t().contiguous()
test_words = data[32000:33930]
model = TransformerModel(ntokens)
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)

model.train()
for epoch in range(5):
    total = 0.
    for batch, i in enumerate(range(0, train_data.size(0) - bptt - 1, bptt)):
        source, targets = train_data[i:i + bptt], train_data[i + 1:i + 1 + bptt].reshape(-1)
        output = model(source).view(-1, ntokens)
        loss = F.cross_entropy(output, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    print(f'| epoch {epoch:3d} | {batch + 1:5d} batches | loss {total / (batch + 1):5.2f}')

model.eval()
with torch.no_grad():
    prompts = test_words[:1920].view(-1, 8).t()
    last = model(prompts[:-1])[-1]
print(f'next word right after a prompt: {(last.argmax(-1) == prompts[-1]).float().mean().item():.3f} (about 0.8 possible, {1 / ntokens:.3f} by chance)')
