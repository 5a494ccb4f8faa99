"""Parity of three out of twelve bits: nothing visible for a while, then it clicks."""
import torch
from torch import nn

torch.manual_seed(5)
BITS, SECRET = 12, (1, 4, 9)


def sample(n):
    bits = torch.randint(0, 2, (n, BITS)).float() * 2 - 1
    return bits, bits[:, SECRET].prod(1)


model = nn.Sequential(nn.Linear(BITS, 128), nn.ReLU(), nn.Linear(128, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
criterion = nn.SoftMarginLoss()
bits_test, sign_test = sample(1000)

running = []
for step in range(1, 501):
    bits, sign = sample(128)
    loss = criterion(model(bits).squeeze(-1), sign)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running.append(loss.item())
    if step % 50 == 0:
        with torch.no_grad():
            acc = (model(bits_test).squeeze(-1).sign() == sign_test).float().mean()
        print(f"step {step:3d}  loss {sum(running[-50:]) / 50:.4f}  test accuracy {acc:.3f}")
