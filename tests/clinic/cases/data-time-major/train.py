"""Water level of every river gauge, hour by hour, from the rain that fell on it.

rivers.h5 holds one record per gauge: rain [gauge, hour, channel] and level [gauge, hour].
"""
import pathlib

import h5py
import numpy as np
import torch
from torch import nn


class LevelModel(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.rnn = nn.GRU(channels, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, rain):
        h, _ = self.rnn(rain)
        return self.readout(h).squeeze(-1)


class Experiment:
    def __init__(self, path, seed=0):
        torch.manual_seed(seed)
        with h5py.File(path, "r") as f:
            rain = torch.from_numpy(f["rain"][:].astype(np.float32))
            level = torch.from_numpy(f["level"][:].astype(np.float32))
        order = torch.randperm(len(rain))
        k = len(rain) // 4
        self.valid = rain[order[:k]], level[order[:k]]
        self.train = rain[order[k:]], level[order[k:]]
        self.model = LevelModel(rain.shape[-1], 32)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=5e-3)

    def epoch(self, batch=12):
        rain, level = self.train
        total = 0.0
        for pick in torch.randperm(len(rain)).split(batch):
            self.optimizer.zero_grad()
            loss = nn.functional.mse_loss(self.model(rain[pick]), level[pick])
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            total += loss.item() * len(pick)
        return total / len(rain)

    @torch.no_grad()
    def score(self):
        rain, level = self.valid
        return (1 - ((self.model(rain) - level) ** 2).mean() / level.var()).item()

    def run(self, steps=240):
        done = epoch = 0
        while done < steps:
            mse = self.epoch()
            done += -(-len(self.train[0]) // 12)
            epoch += 1
            if epoch % 8 == 0:
                print(f"epoch {epoch} mse {mse:.3f} valid R2 {self.score():.3f}")
        print(f"R2 on unseen gauges {self.score():.3f}")


Experiment(pathlib.Path(__file__).resolve().with_name("rivers.h5")).run()
