import configparser

import numpy as np
import torch
import torch.nn as nn

ini = configparser.ConfigParser()
ini.read("tagger.ini")
IGNORE = ini.getint("loss", "ignore")
torch.manual_seed(14)


def load():
    z = np.load(ini["data"]["file"])
    tokens, mask, tags = (torch.from_numpy(z[k].astype(np.int64)) for k in ("tokens", "mask", "tags"))
    if ini["data"]["layout"] == "time_major":
        tokens, mask, tags = tokens.T.contiguous(), mask.T.contiguous(), tags.T.contiguous()
    real = mask == 1
    return tokens, real, tags.masked_fill(~real, IGNORE)


class Tagger(nn.Module):
    def __init__(self, vocab, length, classes, dim, heads, dropout):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim, padding_idx=0)
        self.place = nn.Embedding(length, dim)
        self.attn = nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True)
        self.mix = nn.Conv1d(dim, dim, 5, padding=2)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.out = nn.Linear(dim, classes)

    def forward(self, tokens, real):
        h = self.embed(tokens) + self.place.weight[: tokens.shape[1]]
        a, _ = self.attn(h, h, h, key_padding_mask=~real, need_weights=False)
        h = self.norm1(h + a) * real.unsqueeze(-1)
        h = self.norm2(h + torch.relu(self.mix(h.transpose(1, 2))).transpose(1, 2))
        return self.out(h)


tokens, real, tags = load()
classes = int(tags.max()) + 1
cut = 1200
net = Tagger(int(tokens.max()) + 1, tokens.shape[1], classes, ini.getint("model", "dim"),
             ini.getint("model", "heads"), ini.getfloat("model", "dropout"))
loss_fn = nn.CrossEntropyLoss(ignore_index=IGNORE)
opt = torch.optim.Adam(net.parameters(), lr=ini.getfloat("train", "lr"))
warmup = ini.getint("train", "warmup")
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / warmup))

common = torch.bincount(tags[cut:][real[cut:]]).max().item() / real[cut:].sum().item()
print(f"{cut} lines for training, {len(tokens) - cut} held out; most frequent tag {common:.3f}")
for epoch in range(1, ini.getint("train", "epochs") + 1):
    net.train()
    losses = []
    for idx in torch.randperm(cut).split(ini.getint("train", "batch")):
        logits = net(tokens[idx], real[idx])
        loss = loss_fn(logits.transpose(1, 2), tags[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        pred = net(tokens[cut:], real[cut:]).argmax(-1)
    acc = (pred == tags[cut:])[real[cut:]].float().mean().item()
    print(f"epoch {epoch:2d} loss {np.mean(losses):.4f} held-out tag accuracy {acc:.3f}")
