"""Returns-like regression: almost all of the target is noise. R^2 of 0.15 is what the truth itself can reach."""
import torch
import torch.nn as nn

gen = torch.Generator().manual_seed(99)
N = 30000
x = torch.randn(N, 10, generator=gen)
signal = 0.30 * x[:, 0] + 0.2 * torch.relu(x[:, 1]) - 0.15 * x[:, 2] * x[:, 3]
signal = signal - signal.mean()
y = signal + signal.std() * (0.85 / 0.15) ** 0.5 * torch.randn(N, generator=gen)
cut = 24000

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
lossf = nn.HuberLoss(delta=1.0)
for epoch in range(5):
    order = torch.randperm(cut)
    for k in range(0, cut, 256):
        b = order[k:k + 256]
        opt.zero_grad()
        lossf(model(x[b])[:, 0], y[b]).backward()
        opt.step()
    with torch.no_grad():
        pred = model(x[cut:])[:, 0]
        r2 = 1 - (pred - y[cut:]).square().mean() / y[cut:].var()
    print(f"epoch {epoch}  out-of-sample R2 {r2.item():.4f}")
best = 1 - (signal[cut:] - y[cut:]).square().mean() / y[cut:].var()
print(f"R2 {r2.item():.3f}; the true function itself scores {best.item():.3f}")
