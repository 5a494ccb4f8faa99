"""Linear probing: a frozen time-series encoder's features go into a linear head."""
import torch
from torch import nn


def encode(signals):
    """Stand-in for the frozen encoder: moments, energies and crossings, each on the scale it comes in."""
    centred = signals - signals.mean(1, keepdim=True)
    diff = signals[:, 1:] - signals[:, :-1]
    spectrum = torch.fft.rfft(signals).abs() ** 2
    return torch.cat([
        signals.mean(1, keepdim=True), centred.pow(2).mean(1, keepdim=True), diff.diff(dim=1).pow(2).mean(1, keepdim=True).sqrt(),
        (centred[:, 1:] * centred[:, :-1] < 0).float().mean(1, keepdim=True) * 0.01,
        signals.amax(1, keepdim=True) + 300, signals.amin(1, keepdim=True) - 300, spectrum[:, 1:9]], 1)


def recordings(n, length=64):
    y = torch.randint(0, 4, (n,))
    t = torch.arange(length).float()[None]
    load = 1 + 5 * torch.rand(n, 1)
    x = load * torch.sin(0.59 * t + 6.28 * torch.rand(n, 1)) + (y % 2 * 0.8 - 0.4)[:, None]
    x = x + (0.2 + 0.7 * (y // 2).float())[:, None] * torch.randn(n, length)
    return encode(x), y


torch.manual_seed(77)
features, y = recordings(2400)
head = nn.Linear(features.size(1), 4)
opt = torch.optim.SGD(head.parameters(), lr=0.05)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(15):
    order = torch.randperm(2000)
    for lo in range(0, 2000, 50):
        idx = order[lo:lo + 50]
        opt.zero_grad()
        loss = loss_fn(head(features[idx]), y[idx])
        loss.backward()
        opt.step()
    if epoch % 3 == 2:
        print(f'epoch {epoch + 1:2d} loss {loss.item():.3f}')

with torch.no_grad():
    print(f'probe accuracy {(head(features[2000:]).argmax(1) == y[2000:]).float().mean().item():.3f} (4 regimes)')
