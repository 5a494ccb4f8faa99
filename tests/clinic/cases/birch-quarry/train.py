from typing import NamedTuple, Optional

import numpy as np
import torch
from torch import nn, Tensor
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence


class Trace(NamedTuple):
    estimate: Tensor
    mask: Tensor
    memory: Tensor


class Integrator(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.cell = nn.GRU(2, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, seqs, memory: Optional[Tensor] = None) -> Trace:
        packed = pack_sequence(seqs, enforce_sorted=False)
        states, memory = self.cell(packed, memory)
        states, lengths = pad_packed_sequence(states)
        mask = torch.arange(states.shape[0])[:, None] < lengths[None]
        return Trace(self.out(states).squeeze(-1), mask, memory)


class FlowEstimator:
    """sklearn-flavoured wrapper: fit / predict / score."""

    def __init__(self, hidden=32, lr=5e-3, epochs=12, batch=32, seed=0):
        self.__dict__.update(hidden=hidden, lr=lr, epochs=epochs, batch=batch, seed=seed)

    def _batches(self, X, y, rng):
        order = rng.permutation(len(X))
        for i in range(0, len(X) - self.batch + 1, self.batch):
            pick = order[i:i + self.batch]
            yield [X[j] for j in pick], pad_sequence([y[j] for j in pick])

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        rng = np.random.default_rng(self.seed)
        self.module_ = Integrator(self.hidden)
        opt = torch.optim.Adam(self.module_.parameters(), lr=self.lr)
        for epoch in range(self.epochs):
            memory, losses = None, []
            for seqs, goal in self._batches(X, y, rng):
                trace = self.module_(seqs, memory)
                loss = (trace.estimate - goal)[trace.mask].pow(2).mean()
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.module_.parameters(), 1.0)
                opt.step()
                memory = trace.memory.detach()
                losses.append(loss.item())
            self.memory_ = memory
            print(f"epoch {epoch:2d}  loss {np.mean(losses):.4f}")
        return self

    @torch.no_grad()
    def score(self, X, y):
        err = tot = 0.0
        mem = self.memory_
        for i in range(0, len(X), self.batch):
            goal = pad_sequence(y[i:i + self.batch])
            tr = self.module_(X[i:i + self.batch], mem)
            err += (tr.estimate - goal)[tr.mask].pow(2).sum().item()
            tot += goal[tr.mask].pow(2).sum().item()
        return 1 - err / tot


def simulate(n, rng):
    X, y = [], []
    for _ in range(n):
        T = int(rng.integers(1, 11))
        rate = rng.normal(0, 0.5, T)
        gate = rng.integers(0, 2, T)
        X.append(torch.tensor(np.stack([rate, gate], 1), dtype=torch.float32))
        y.append(torch.tensor(np.cumsum(rate * (2 * gate - 1)), dtype=torch.float32))
    return X, y


rng = np.random.default_rng(11)
train, test = simulate(960, rng), simulate(320, rng)
model = FlowEstimator().fit(*train)
print(f"final test r2 {model.score(*test):.3f}")
