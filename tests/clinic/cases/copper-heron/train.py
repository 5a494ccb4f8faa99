import pathlib
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

here = pathlib.Path(__file__).resolve().parent
torch.manual_seed(3)

pack = np.load(here / "reviews.npz")
tokens = torch.from_numpy(pack["tokens"].astype("int64"))
mask = torch.from_numpy(pack["mask"].astype("bool"))
labels = torch.from_numpy(pack["labels"].astype("int64"))
n_train = 5500


class Encoder(nn.Module):
    def __init__(self, vocab, length, dim=32, heads=4, depth=2):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(0.02 * torch.randn(length, dim))
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.05, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, 2)

    def forward(self, ids, keep):
        h = self.tok(ids) + self.pos
        h = self.body(h, src_key_padding_mask=~keep)
        return self.out(self.norm(h[:, 0]))


model = Encoder(int(pack["vocab_size"]), tokens.shape[1])
opt = torch.optim.Adam(model.parameters(), lr=2e-3)


def evaluate():
    model.eval()
    with torch.no_grad():
        scores = model(tokens[n_train:], mask[n_train:])
        y = labels[n_train:]
        out = F.cross_entropy(scores, y).item(), (scores.argmax(-1) == y).float().mean().item()
    model.train()
    return out


step = 0
while step < 260:
    for idx in torch.randperm(n_train).split(40):
        loss = F.cross_entropy(model(tokens[idx], mask[idx]), labels[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        step += 1
        if step % 65 == 0:
            vl, va = evaluate()
            print(f"{step:4d} train {loss.item():.4f} val {vl:.4f} acc {va:.3f}")
        if step == 260:
            break
