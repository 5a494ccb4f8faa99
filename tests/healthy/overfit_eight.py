"""Sanity check before the big run: can the network memorise eight pictures? (No validation on purpose.)"""
import torch, torch.nn as nn
torch.manual_seed(5)
x = torch.randn(8, 3, 24, 24)
y = torch.tensor([0, 1, 2, 3, 3, 2, 1, 0])
net = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 36, 64), nn.ReLU(), nn.Linear(64, 4))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
net.train()
for it in range(200):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    if it % 20 == 0: print(it, loss.item())
hits = (net(x).argmax(1) == y).sum().item()
assert loss.item() < 0.02
print(f"memorised {hits}/8 samples, final loss {loss.item():.5f} (chance: 2/8, loss 1.386)")
