import torch
from torch import nn
torch.manual_seed(2)
# Small spectroscopy calibration with L-BFGS: every step() calls the closure several times, full batch, float64
torch.set_default_dtype(torch.float64)
wl = torch.linspace(0, 1, 60)
def spectra(n):
    c = torch.rand(n, 3)
    peaks = torch.stack([torch.exp(-((wl - m) / s) ** 2) for m, s in ((0.3, .08), (0.5, .12), (0.75, .06))])
    return 1 - torch.exp(-1.5 * c @ peaks) + 0.01 * torch.randn(n, 60), c
x, y = spectra(150); xv, yv = spectra(300)
mu, sd = x.mean(0), x.std(0)
net = nn.Sequential(nn.Linear(60, 8), nn.Tanh(), nn.Linear(8, 3))
opt = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=4, history_size=10)
calls = 0
def closure():
    global calls; calls += 1
    opt.zero_grad()
    l = nn.functional.mse_loss(net((x - mu) / sd), y) + 1e-4 * sum(p.square().sum() for p in net.parameters())
    l.backward()
    return l
for i in range(160):
    l = opt.step(closure)
    if i % 20 == 0: print(i, l.item(), "calls", calls)
with torch.no_grad(): r2 = 1 - (nn.functional.mse_loss(net((xv - mu) / sd), yv) / yv.var()).item()
print(f"held-out R2 {r2:.4f} after {calls} evaluations")
