"""Pion or kaon? Small network with batch of tracks drawn by index."""
import itertools
import pathlib

import numpy as np
import torch

torch.manual_seed(404)
store = np.load(pathlib.Path(__file__).resolve().parent / "tracks.npz")
hits = torch.from_numpy(store["hits"])
kind = torch.from_numpy(store["kind"]).long()
TRAIN = 1200


def endless(n, size):
    while True:
        yield from torch.randperm(n).split(size)


class Pid(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = torch.nn.Linear(9, 64)
        self.mid = torch.nn.Linear(64, 64)
        self.out = torch.nn.Linear(64, 2)
        self.act = torch.nn.Softplus(beta=2)

    def forward(self, h):
        return torch.log_softmax(self.out(self.act(self.mid(self.act(self.inp(h))))), dim=-1)


net = Pid()
nll = torch.nn.NLLLoss()
sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for step, rows in enumerate(itertools.islice(endless(TRAIN, 40), 240), 1):
    sgd.zero_grad()
    loss = nll(net(hits[rows]), kind[rows])
    loss.backward()
    sgd.step()
    if step % 40 == 0:
        with torch.no_grad():
            purity = (net(hits[TRAIN:]).argmax(-1) == kind[TRAIN:]).float().mean().item()
        print(f"{step:4d}  nll {loss.item():.4f}  test accuracy {purity:.3f}")
print(f"test accuracy {purity:.3f}")
