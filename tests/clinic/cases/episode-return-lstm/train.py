# Value estimate of short episodes: observations are padded to the longest episode in the buffer.
import torch
from torch import nn

torch.manual_seed(2)
MAX_LEN = 60


class RecurrentValue(nn.Module):
    def __init__(self, obs_dim, cell_size):
        super().__init__()
        self.lstm = nn.LSTM(obs_dim, cell_size, batch_first=True)
        self.value = nn.Linear(cell_size, 1)

    def forward(self, obs, seq_lens):
        features, (h, c) = self.lstm(obs)
        return self.value(h[-1]).squeeze(-1)


def buffer(n):
    lens = torch.randint(3, 12, (n,))
    obs = torch.zeros(n, MAX_LEN, 4)
    ret = torch.zeros(n)
    for i, L in enumerate(lens.tolist()):
        obs[i, :L] = torch.randn(L, 4)
        ret[i] = obs[i, :L, 0].sum() * 0.3 + obs[i, L - 1, 1]
    return obs, lens, (ret - ret.mean()) / ret.std()


obs, lens, ret = buffer(2200)
net = RecurrentValue(4, 24)
optim = torch.optim.Adam(net.parameters(), lr=5e-3)
huber = nn.SmoothL1Loss()
for sgd_iter in range(240):
    mb = torch.randint(0, 1900, (32,))
    loss = huber(net(obs[mb], lens[mb]), ret[mb])
    optim.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optim.step()
    if sgd_iter % 40 == 39:
        print(f'sgd iter {sgd_iter + 1}: vf_loss {loss.item():.4f}')
with torch.no_grad():
    pred = net(obs[1900:], lens[1900:])
    ev = 1 - ((pred - ret[1900:]).var() / ret[1900:].var()).item()
print(f'explained variance {ev:.3f} (constant 0)')
