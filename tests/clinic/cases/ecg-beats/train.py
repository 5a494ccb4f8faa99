import numpy as np
import torch
import torch.nn as nn
import os

here = os.path.dirname(os.path.realpath(__file__))
d = np.load(os.path.join(here, "beats.npz"))
signals = torch.tensor(d["signals"].astype(np.float32) / 32.0)  # stored as int8
kinds = torch.tensor(d["kinds"].astype(np.int64))
n_test = 6
print("mini-batches", tuple(signals.shape), "labels", tuple(kinds.shape))


class BeatRNN(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.lin = nn.Linear(hidden, 4)

    def forward(self, sig):
        _, h = self.rnn(sig.unsqueeze(-1))
        return self.lin(h.squeeze(0))


def evaluate(net):
    net.eval()
    with torch.no_grad():
        r = [(net(s).argmax(-1) == k).float().mean() for s, k in zip(signals[-n_test:], kinds[-n_test:])]
    return torch.stack(r).mean().item()


torch.manual_seed(9)
net = BeatRNN()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
loss_function = nn.CrossEntropyLoss()
n_batches = len(signals) - n_test
for epoch in range(18):
    net.train()
    s = 0.0
    for j in np.random.RandomState(epoch).permutation(n_batches):
        net.zero_grad()
        loss = loss_function(net(signals[j]), kinds[j])
        loss.backward()
        optimizer.step()
        s += loss.item()
    print("epoch", epoch, "loss", round(s / n_batches, 4))
print("test accuracy", round(evaluate(net), 3))
