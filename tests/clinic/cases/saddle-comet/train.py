import math

import numpy as np
import torch
from torch import nn


class StopModel(nn.Module):
    """Predicts, after every stop of a delivery van, the zone of the following stop."""

    def __init__(self, zones, emb=24, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(zones, emb)
        self.rnn = nn.GRU(emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, zones)

    def forward(self, stops):
        states, _ = self.rnn(self.emb(stops))
        return self.out(states)


class Trainer:
    def __init__(self, model, train, valid, lr=4e-3, batch=32, clip=1.0):
        self.model, self.train, self.valid = model, train, valid
        self.batch, self.clip = batch, clip
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.ce = nn.CrossEntropyLoss()
        self.steps = 0

    def loss(self, stops, following):
        logits = self.model(stops)
        return self.ce(logits.flatten(0, 1), following.flatten()), logits

    def epoch(self):
        stops, following = self.train
        acc = []
        for idx in torch.randperm(len(stops)).split(self.batch):
            self.opt.zero_grad()
            loss, _ = self.loss(stops[idx], following[idx])
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
            self.opt.step()
            self.steps += 1
            acc.append(loss.item())
        return sum(acc) / len(acc)

    @torch.no_grad()
    def validate(self):
        loss, logits = self.loss(*self.valid)
        hit = (logits.argmax(-1) == self.valid[1]).float().mean().item()
        return loss.item(), hit


def main():
    torch.manual_seed(12)
    data = np.load("stops.npz")
    seen = torch.from_numpy(data["seen"].astype("int64"))
    following = torch.from_numpy(data["following"].astype("int64"))
    zones = int(seen.max()) + 1
    n = 600
    print(f"{len(seen)} tours of {seen.shape[1]} stops in {zones} zones; uniform loss {math.log(zones):.3f}")
    trainer = Trainer(StopModel(zones), (seen[:n], following[:n]), (seen[n:], following[n:]))
    for e in range(20):
        tl = trainer.epoch()
        if e % 2 == 1:
            vl, hit = trainer.validate()
            print(f"epoch {e + 1:2d} steps {trainer.steps} train {tl:.3f} valid {vl:.3f} hit rate {hit:.3f}")


if __name__ == "__main__":
    main()
