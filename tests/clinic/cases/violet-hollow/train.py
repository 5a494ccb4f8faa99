import numpy as np
import torch
import torch.nn as nn

rs = np.random.RandomState(8)
t = np.arange(4000)
load = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(2 * np.pi * t / 168) + 0.1 * rs.randn(len(t))
series = ((load - load[:3000].mean()) / load[:3000].std()).astype(np.float32)
IN, OUT = 48, 12


def windows(a):
    xs = np.lib.stride_tricks.sliding_window_view(a, IN + OUT)
    return torch.tensor(xs[:, :IN].copy()), torch.tensor(xs[:, IN:].copy())


def dense(i, o, p=0.0):
    return nn.Sequential(nn.Linear(i, o), nn.ReLU(), nn.Dropout(p))


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 8, 5, padding=2), nn.ReLU(), nn.AvgPool1d(2))
        self.mid = dense(8 * IN // 2, 64, 0.05)
        self.proj = dense(64, OUT)

    def forward(self, x):
        z = self.conv(x.unsqueeze(1)).flatten(1)
        return self.proj(self.mid(z))


torch.manual_seed(8)
Xtr, Ytr = windows(series[:3000])
Xte, Yte = windows(series[3000:])
net = Forecaster()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(1, 7):
    net.train()
    tot = []
    for b in torch.randperm(len(Xtr)).split(64):
        loss = nn.functional.mse_loss(net(Xtr[b]), Ytr[b])
        opt.zero_grad(); loss.backward(); opt.step()
        tot.append(loss.item())
    print(f"época {epoch} - perda {np.mean(tot):.4f}")
net.eval()
with torch.no_grad():
    mse = nn.functional.mse_loss(net(Xte), Yte).item()
print(f"erro no teste {mse:.4f}, persistência {((Xte[:, -1:] - Yte) ** 2).mean().item():.4f}")
