import json
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

FOLDER = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Settings:
    embed: int = 32
    hidden: int = 40
    batch: int = 32
    lr: float = 3e-3
    epochs: int = 2
    seed: int = 11


class Tagger(nn.Module):
    def __init__(self, words, tags, cfg):
        super().__init__()
        self.embed = nn.Embedding(words, cfg.embed)
        self.rnn = nn.GRU(cfg.embed, cfg.hidden, batch_first=True, bidirectional=True)
        self.proj = nn.Linear(2 * cfg.hidden, tags)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.shape[1])
        return self.proj(h)


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        with open(os.path.join(FOLDER, "spec.json")) as f:
            self.spec = json.load(f)
        data = np.load(os.path.join(FOLDER, "sentences.npz"))
        self.words = torch.as_tensor(data["words"], dtype=torch.long)
        self.tags = torch.as_tensor(data["tags"], dtype=torch.long)
        self.lengths = torch.as_tensor(data["lengths"], dtype=torch.long)
        self.cut = int(0.85 * len(self.words))
        self.model = Tagger(self.spec["words"], len(self.spec["tagset"]), cfg)
        self.loss = nn.CrossEntropyLoss(ignore_index=self.spec["tag_fill"])
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)

    def fit(self):
        for epoch in range(self.cfg.epochs):
            losses = []
            for idx in torch.randperm(self.cut).split(self.cfg.batch):
                scores = self.model(self.words[idx], self.lengths[idx])
                loss = self.loss(scores.transpose(1, 2), self.tags[idx])
                self.opt.zero_grad(set_to_none=True)
                loss.backward()
                self.opt.step()
                losses.append(loss.item())
            print(f"epoch {epoch}: loss {np.mean(losses):.4f}", self.report())

    @torch.no_grad()
    def report(self):
        held = slice(self.cut, None)
        guess = self.model(self.words[held], self.lengths[held]).argmax(-1)
        inside = torch.arange(guess.shape[1])[None] < self.lengths[held][:, None]
        guess, truth = guess[inside], self.tags[held][inside]
        recall = {t: round((guess[truth == i] == i).float().mean().item(), 3)
                  for i, t in enumerate(self.spec["tagset"])}
        return f"token acc {(guess == truth).float().mean().item():.3f} recall {recall}"


if __name__ == "__main__":
    cfg = Settings()
    torch.manual_seed(cfg.seed)
    Trainer(cfg).fit()
